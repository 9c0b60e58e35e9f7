"""How rating tells what it did: the steps of fees, allowances and rounding."""

from fractions import Fraction

from billing.domain.numbers import exact_text
from billing.domain.owing.item import FeePart, Item, LineKind
from billing.domain.pricing import Step
from billing.domain.together import Bearing
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.currency import Currency
from control_plane.kernel.money import Money


def allowance_step(amount: Money, before: Money) -> Step:
    """Tell how much of an allowance's amount earlier items stand for."""
    return {
        "step": "allowance_so_far",
        "cumulative": amount.decimal_text(),
        "before": before.decimal_text(),
        "amount": (amount - before).decimal_text(),
    }


def fee_steps(item: Item) -> list[Step]:
    """Tell the whole fees and shares that an item's amount is the sum of."""
    steps: list[Step] = []
    for part in item.fee_parts:
        if len(item.fee_parts) > 1:
            span = part.span
            steps.append(
                {
                    "step": "stretch",
                    "start": instant_text(span.start),
                    "end": instant_text(span.end),
                }
            )
        steps.extend(part.steps)
        steps.append(_fee_step(part, item.currency))
    return steps


def _fee_step(part: FeePart, currency: Currency) -> Step:
    whole = _money_text(part.whole, currency)
    if part.share.whole:
        return {"step": "fee", "amount": whole}
    some, of = ("seconds", "of_seconds") if part.share.unit == "second" else ("days", "of_days")
    return {
        "step": "prorated" if part.share.unit == "day" else "prorated_seconds",
        "fee": whole,
        some: part.share.numerator,
        of: part.share.denominator,
        "exact": exact_text(part.exact),
    }


def _money_text(major: Fraction, currency: Currency) -> str:
    """Write an amount with the currency's decimals, or exactly where those do not do."""
    rounded = Money.rounded(major, currency)
    return rounded.decimal_text() if rounded.major == major else exact_text(major)


def fixed_steps(item: Item, amount: Money) -> tuple[Step, ...]:
    """Explain an amount that is not simply the sum of its parts."""
    exact = sum((part.exact for part in item.fee_parts), Fraction(0))
    if item.kind is LineKind.ADDON and exact == amount.major:
        return ()
    return ({"step": item.kind.value, "amount": amount.decimal_text()},)


def rounding_steps(exact: Fraction, amount: Money) -> tuple[Step, ...]:
    """Tell the amount that the exact one is rounded to, where it changes."""
    if exact == amount.major:
        return ()
    return ({"step": "rounded", "exact": exact_text(exact), "amount": amount.decimal_text()},)


def bearing_steps(exact: Fraction, bearing: Bearing) -> tuple[Step, ...]:
    """Tell the sum that is rounded, and what this line bears of it."""
    if exact == bearing.amount.major and bearing.sum == bearing.total.major:
        return ()
    told: Step = {
        "step": "rounded_together",
        "exact": exact_text(exact),
        "sum": exact_text(bearing.sum),
        "total": bearing.total.decimal_text(),
        "amount": bearing.amount.decimal_text(),
    }
    return (told,)
