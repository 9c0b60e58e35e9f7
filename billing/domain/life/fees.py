"""The recurring fees of a price, exact: what a day, or any stretch of it, costs before usage."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing.domain.pricing import price_fee
from control_plane.catalog.domain import Charge, Price
from control_plane.catalog.policies import Policies
from control_plane.kernel.calendar import Anchor, Period
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of a price: terms applied, with its quantities and the policies in force."""

    label: str
    price: Price
    quantities: Mapping[str, int]
    policies: Policies
    zone: str

    def cycle(self, charge: Charge, at: datetime) -> Period:
        """Return one period of a charge, by its own interval or the price's, from ``at`` on."""
        own = charge.interval is not None and charge.interval != self.price.interval
        interval = charge.interval if own and charge.interval else self.price.interval
        count = 1 if own else self.price.count
        return Anchor(at=at, zone=self.zone, interval=interval, count=count).period(0)

    def share(self, charge: Charge, period: Period) -> Fraction:
        """Return how much of one of the charge's own periods a period is, in local days."""
        whole = len(self.cycle(charge, period.start).days(self.zone))
        return Fraction(len(period.days(self.zone)), whole)


def daily_fees(held: Held, at: datetime) -> Fraction:
    """Return the fees per local day, in major units, over the periods that begin at ``at``."""
    return sum(
        (
            _fee(held, charge) / len(held.cycle(charge, at).days(held.zone))
            for charge in held.price.charges
            if charge.amount is not None
        ),
        Fraction(),
    )


def fees_over(held: Held, period: Period) -> Fraction:
    """Return the fees of a stretch of time, exact, in major units."""
    return sum(
        (
            _fee(held, charge) * held.share(charge, period)
            for charge in held.price.charges
            if charge.amount is not None
        ),
        Fraction(),
    )


def recurring_fee(held: Held) -> Money:
    """Return the fees of one period of a price, as an invoice shows them."""
    amounts = (
        Money.rounded(_fee(held, charge), held.price.currency)
        for charge in held.price.charges
        if charge.amount is not None and charge.interval in {None, held.price.interval}
    )
    return Money.total(amounts, held.price.currency)


def _fee(held: Held, charge: Charge) -> Fraction:
    quantity = 1 if charge.quantity is None else held.quantities.get(charge.quantity, 1)
    return price_fee(charge, Decimal(quantity), held.policies).amount
