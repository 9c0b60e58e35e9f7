"""What events add up to."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from control_plane.kernel.exact import exact_decimal, quantity_text


@dataclass(frozen=True, slots=True)
class UsageTotal:
    """The quantity of a meter over a set of events, and which set it was.

    ``digest`` is the hex form of ``event_set_digest`` over the events' hashes:
    the same set gives the same digest, in whatever order it arrived.
    ``taken_back`` is the number of events of earlier periods that an earlier look
    counted and that were taken back since. Where the meter counts or sums they are
    in it below zero: in ``quantity``, in ``events``, and in the digest by `inverted`.
    """

    quantity: Decimal
    events: int
    digest: str
    taken_back: int = 0


@dataclass(frozen=True, slots=True)
class UsageGroup:
    """What the events of one combination of property values add up to.

    ``values`` are the texts of the properties grouped by, empty where an event had none.
    ``amount`` is the sum of the money that the events carry (major units of the currency
    they are billed in); ``amounts`` lists it event by event, in order of (time, source, id),
    and is None unless it was asked for.
    """

    values: tuple[str, ...]
    quantity: Decimal
    events: int
    amount: Decimal = Decimal(0)
    amounts: tuple[Decimal, ...] | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a charge is priced by: a quantity, and as much of its make-up as the charge needs.

    ``quantity``, ``events``, ``digest`` and ``taken_back`` are those of `UsageTotal`, over all
    groups; ``amount`` and ``amounts`` as in `UsageGroup`. ``groups`` is in order of the values,
    and empty for charges that do not group.
    """

    quantity: Decimal
    events: int
    digest: str = ""
    amount: Decimal = Decimal(0)
    amounts: tuple[Decimal, ...] | None = None
    groups: tuple[UsageGroup, ...] = ()
    taken_back: int = 0

    def whole(self) -> UsageGroup:
        """Return all of it as one group without a name."""
        return UsageGroup((), self.quantity, self.events, self.amount, self.amounts)

    def body(self) -> dict[str, Any]:
        """Write it as JSON values; what is empty is left out."""
        return {
            **_group_body(self.whole()),
            "digest": self.digest,
            **({"groups": [_group_body(group) for group in self.groups]} if self.groups else {}),
            **({"taken_back": self.taken_back} if self.taken_back else {}),
        }

    @classmethod
    def from_body(cls, body: Any) -> "Usage":
        """Read back what `body` wrote."""
        whole = _group(body)
        return cls(
            quantity=whole.quantity,
            events=whole.events,
            digest=body["digest"],
            amount=whole.amount,
            amounts=whole.amounts,
            groups=tuple(_group(group) for group in body.get("groups", ())),
            taken_back=body.get("taken_back", 0),
        )


@dataclass(frozen=True, slots=True)
class UsagePoint:
    """The usage of one window ``[start, end)``; windows without events are zero."""

    start: datetime
    end: datetime
    quantity: Decimal
    events: int


def inverted(body_hash: bytes) -> bytes:
    """Return what stands in a digest for an event that is taken back late: every bit turned."""
    return bytes(byte ^ 0xFF for byte in body_hash)


def event_set_digest(hashes: Iterable[bytes]) -> str:
    """Name a set of events by one SHA-256, independent of their order.

    Two levels (the sorted hashes of each first byte, then those results in
    order), so that PostgreSQL computes the same without ever joining more than
    1/256 of a set into one value.
    """
    branches = (
        hashlib.sha256(b"".join(branch)).digest()
        for _, branch in groupby(sorted(hashes), key=lambda value: value[0])
    )
    return hashlib.sha256(b"".join(branches)).hexdigest()


def _group_body(group: UsageGroup) -> dict[str, Any]:
    body: dict[str, Any] = {"quantity": quantity_text(group.quantity), "events": group.events}
    if group.values:
        body["values"] = list(group.values)
    if group.amount:
        body["amount"] = quantity_text(group.amount)
    if group.amounts is not None:
        body["amounts"] = [quantity_text(amount) for amount in group.amounts]
    return body


def _group(body: Any) -> UsageGroup:
    amounts = body.get("amounts")
    return UsageGroup(
        values=tuple(body.get("values", ())),
        quantity=exact_decimal(body["quantity"]),
        events=body["events"],
        amount=exact_decimal(body.get("amount", "0")),
        amounts=None if amounts is None else tuple(exact_decimal(text) for text in amounts),
    )
