"""Rating: from a due line and a measured quantity to an invoice line with its reasons.

Nothing is rounded but the line's amount, once, half away from zero. Worked example: a fee of
CNY 1,999.00 with 12 of 31 days left is 1,999 * 12/31 = 773.806…, so CNY 773.81.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing.rating.v2026_1.lines import DueLine, LineKind
from billing.rating.v2026_1.numbers import exact_text
from billing.rating.v2026_1.pricing import TierPart, UsagePrice, price_usage
from control_plane.catalog.domain import Text
from control_plane.kernel.calendar import Period
from control_plane.kernel.ids import SubscriptionId
from control_plane.kernel.money import Money

RATING_VERSION = "2026.1"
"""Named in every manifest that this package answers for."""

Step = Mapping[str, str | int]
"""One step of a line's computation: texts and whole numbers only, so that it can be frozen."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a meter measured for a line, and the digest of the events behind it."""

    meter_code: str
    unit: Text
    quantity: Decimal
    events: int
    digest: str


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line as it is invoiced; ``amount`` is negative on credits."""

    key: str
    kind: LineKind
    due_at: datetime
    subscription_id: SubscriptionId
    item: str
    item_name: Text
    charge_code: str
    name: Text
    service: Period
    zone: str
    quantity: Decimal | None
    unit: Text | None
    amount: Money
    steps: tuple[Step, ...]


def rate(line: DueLine, measured: Measured | None = None) -> InvoiceLine:
    """Price a due line. ``measured`` is needed by usage lines and by no others.

    Raises:
        TypeError: a usage line without a measurement, or a fee without an amount.
    """
    if line.usage is not None and measured is not None:
        amount, steps = _rate_usage(line, measured)
    elif line.fee is not None:
        amount, steps = _rate_fee(line, line.fee)
    else:
        raise TypeError(f"line {line.key} has nothing to be priced by")
    return InvoiceLine(
        key=line.key,
        kind=line.kind,
        due_at=line.due_at,
        subscription_id=line.subscription_id,
        item=line.item,
        item_name=line.item_name,
        charge_code=line.charge_code,
        name=line.name,
        service=line.service,
        zone=line.zone,
        quantity=None if measured is None else measured.quantity,
        unit=None if measured is None else measured.unit,
        amount=amount,
        steps=steps,
    )


def _rate_fee(line: DueLine, fee: Money) -> tuple[Money, tuple[Step, ...]]:
    sign = -1 if line.kind is LineKind.CREDIT else 1
    amount = fee.scale(sign * line.share.fraction)
    if line.share.whole:
        return amount, ({"step": "fee", "amount": amount.decimal_text()},)
    exact = Fraction(fee.minor * sign, fee.currency.minor_per_major) * line.share.fraction
    return amount, (
        {
            "step": "prorated",
            "fee": fee.decimal_text(),
            "days": line.share.days,
            "of_days": line.share.of_days,
            "exact": exact_text(exact),
        },
        *_rounded(exact, amount),
    )


def _rate_usage(line: DueLine, measured: Measured) -> tuple[Money, tuple[Step, ...]]:
    if line.usage is None:
        raise TypeError(f"line {line.key} prices no usage")
    price = price_usage(line.usage, measured.quantity, line.share.fraction)
    amount = Money.rounded(price.amount, line.currency)
    steps: list[Step] = [
        {
            "step": "measured",
            "meter": measured.meter_code,
            "quantity": exact_text(measured.quantity),
            "events": measured.events,
            "digest": measured.digest,
        }
    ]
    if line.usage.included:
        steps.append(_included(line, price))
    steps.extend(_tier(part) for part in price.parts)
    return amount, (*steps, *_rounded(price.amount, amount))


def _included(line: DueLine, price: UsagePrice) -> Step:
    allowance = line.usage.included if line.usage is not None else Decimal(0)
    return {
        "step": "included",
        "allowance": exact_text(allowance),
        "days": line.share.days,
        "of_days": line.share.of_days,
        "included": exact_text(price.included),
        "billable": exact_text(price.billable),
    }


def _tier(part: TierPart) -> Step:
    return {
        "step": "tier",
        "number": part.number,
        "from": exact_text(part.start),
        "up_to": "" if part.up_to is None else exact_text(part.up_to),
        "quantity": exact_text(part.quantity),
        "unit_price": exact_text(part.unit_price),
        "flat_fee": exact_text(part.flat_fee),
        "amount": exact_text(part.amount),
    }


def _rounded(exact: Fraction, amount: Money) -> tuple[Step, ...]:
    if exact * amount.currency.minor_per_major == amount.minor:
        return ()
    return ({"step": "rounded", "exact": exact_text(exact), "amount": amount.decimal_text()},)
