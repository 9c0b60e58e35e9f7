"""The ledger's events as they come in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from control_plane.kernel.instants import parse_instant
from inventory_modules.chassis.quantity import scaled


@dataclass(frozen=True, slots=True)
class Event:
    """One movement of the ledger; quantities in millionths of a unit."""

    sequence: int
    key: str
    sku: str
    sku_sequence: int
    source: str
    target: str
    quantity: int
    from_balance: int
    to_balance: int
    at: datetime


def read_event(body: Mapping[str, Any]) -> Event:
    """Read one event of ``GET /v1/events``.

    Raises:
        KeyError, ValueError: it is not of that form.
    """
    return Event(
        sequence=int(body["sequence"]),
        key=str(body["key"]),
        sku=str(body["sku"]),
        sku_sequence=int(body["sku_sequence"]),
        source=str(body["from"]),
        target=str(body["to"]),
        quantity=scaled(body["quantity"]),
        from_balance=scaled(body["from_balance"]),
        to_balance=scaled(body["to_balance"]),
        at=parse_instant(body["at"]),
    )
