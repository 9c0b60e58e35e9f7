"""Coupons and promotional credits, each on what is left, spread over the lines they are for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from billing.domain.assembling.inputs import Coupon, Credit, Priced, Scope
from billing.domain.assembling.results import LineDiscount, Used
from billing.domain.assembling.rounding import spread
from control_plane.catalog.policies import Policies
from control_plane.kernel.currency import Currency
from control_plane.kernel.money import CurrencyMismatch, Money
from control_plane.kernel.rounding import round_ratio


@dataclass(slots=True)
class Open:
    """A line while it is discounted. ``left`` is in minor units, and only ever falls to zero."""

    key: str
    source: Priced
    category: str
    amount: int
    left: int
    discounts: list[LineDiscount] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Discounting:
    """Lowers lines by coupons and credits, and tells what was used of each.

    ``floors`` are minimums by line key that coupons respect, see `assemble`.
    """

    lines: Sequence[Open]
    currency: Currency
    policies: Policies
    floors: Mapping[str, Money]

    def coupon(self, coupon: Coupon) -> Used:
        """Apply a coupon to what is left of the lines in its scope.

        Raises:
            CurrencyMismatch: a fixed coupon of another currency.
        """
        if coupon.percent is not None:
            cuts = self._percent(coupon, Fraction(coupon.percent) / 100)
        else:
            most = self._minor(coupon.amount)
            cuts = self._fixed(coupon.scope, most, self._room)
        return self._take("coupon", coupon, cuts)

    def credit(self, credit: Credit) -> Used:
        """Apply a promotional credit to what is left of the lines in its scope.

        Raises:
            CurrencyMismatch: a credit of another currency.
        """
        cuts = self._fixed(credit.scope, self._minor(credit.amount), lambda line: line.left)
        return self._take("credit", credit, cuts)

    def _percent(self, coupon: Coupon, ratio: Fraction) -> list[int]:
        lefts = [line.left if self._covers(coupon.scope, line) else 0 for line in self.lines]
        cut = round_ratio(sum(lefts) * ratio, self.policies.rounding)
        parts = self._spread(min(cut, sum(lefts)), lefts)
        rooms = (self._room(line) for line in self.lines)
        return [min(part, room) for part, room in zip(parts, rooms, strict=True)]

    def _fixed(self, scope: Scope, most: int, room: Callable[[Open], int]) -> list[int]:
        rooms = [room(line) if self._covers(scope, line) else 0 for line in self.lines]
        return self._spread(min(most, sum(rooms)), rooms)

    def _room(self, line: Open) -> int:
        floor = self.floors.get(line.source.key)
        return line.left if floor is None else max(line.left - self._minor(floor), 0)

    def _covers(self, scope: Scope, line: Open) -> bool:
        return line.source.discountable and scope.covers(line.source)

    def _spread(self, cut: int, weights: list[int]) -> list[int]:
        keys = [line.key for line in self.lines]
        return spread(cut, weights, keys, self.policies.split_ties)

    def _take(self, kind: str, source: Coupon | Credit, cuts: Sequence[int]) -> Used:
        for line, cut in zip(self.lines, cuts, strict=True):
            if cut:
                line.left -= cut
                amount = Money(cut, self.currency)
                line.discounts.append(
                    LineDiscount(kind, source.id, source.code, source.name, amount)
                )
        return Used(kind, source.id, Money(sum(cuts), self.currency))

    def _minor(self, amount: Money | None) -> int:
        if amount is None:
            return 0
        if amount.currency != self.currency:
            raise CurrencyMismatch(left=amount.currency.code, right=self.currency.code)
        return amount.minor
