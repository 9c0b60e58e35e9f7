"""Invoice lines as the API shows them, previewed or issued."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from billing.domain.rating import InvoiceLine
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import format_id
from web.api.catalog import Name


class LineView(msgspec.Struct):
    """One line: what, for when, how much, and the steps that led to its amount.

    ``amount`` is a decimal text in the invoice's currency, negative on credits.
    """

    key: str
    kind: str
    subscription_id: str
    item: str
    charge: str
    name: Name
    service_start: datetime
    service_end: datetime
    quantity: str | None
    unit: Name | None
    amount: str
    steps: list[Mapping[str, str | int]]


def line_view(line: InvoiceLine) -> LineView:
    """Show a line."""
    return LineView(
        key=line.key,
        kind=line.kind.value,
        subscription_id=format_id("sub", line.subscription_id),
        item=line.item,
        charge=line.charge_code,
        name=Name(en=line.name.en, zh=line.name.zh),
        service_start=line.service.start,
        service_end=line.service.end,
        quantity=None if line.quantity is None else quantity_text(line.quantity),
        unit=None if line.unit is None else Name(en=line.unit.en, zh=line.unit.zh),
        amount=line.amount.decimal_text(),
        steps=list(line.steps),
    )
