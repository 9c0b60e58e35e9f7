"""Lines as they enter discounts and tax; a commitment is split over what it tops up."""

from collections.abc import Iterator, Mapping, Sequence

from billing.domain.assembling.discounting import Open
from billing.domain.assembling.inputs import Priced, TaxTreatment
from billing.domain.assembling.rounding import spread
from control_plane.catalog.policies import Policies, SplitTies
from control_plane.kernel.money import CurrencyMismatch

STANDARD = "standard"
"""The category of whatever names none."""


def open_lines(
    lines: Sequence[Priced],
    treatments: Mapping[str, TaxTreatment],
    topped_up: Mapping[str, Mapping[str, int]],
    policies: Policies,
) -> list[Open]:
    """Return the lines ready to be discounted.

    A line without a tax category (a commitment true-up) is split over the categories of the lines
    that it tops up, in proportion to their amounts before discounts.

    Raises:
        CurrencyMismatch: the lines are of several currencies.
        ValueError: a line is negative.
    """
    currency = lines[0].amount.currency
    opened: list[Open] = []
    for line in lines:
        if line.amount.currency != currency:
            raise CurrencyMismatch(left=currency.code, right=line.amount.currency.code)
        if line.amount.minor < 0:
            raise ValueError(f"the line {line.key} is negative: that is a credit note's")
        if line.tax_category or not treatments:
            category = line.tax_category or STANDARD
            opened.append(_open(line, line.key, category, line.amount.minor))
        else:
            shares = topped_up.get(line.key) or _topped_up(line, lines)
            opened.extend(_split(line, shares, policies.split_ties))
    return opened


def _topped_up(line: Priced, lines: Sequence[Priced]) -> dict[str, int]:
    shares: dict[str, int] = {}
    for other in lines:
        if other.subscription_id == line.subscription_id and other.tax_category:
            shares[other.tax_category] = shares.get(other.tax_category, 0) + other.amount.minor
    return shares


def _split(line: Priced, shares: Mapping[str, int], ties: SplitTies) -> Iterator[Open]:
    categories = [category for category, minor in shares.items() if minor > 0] or [STANDARD]
    weights = [shares.get(category, 0) for category in categories]
    parts = spread(line.amount.minor, weights if any(weights) else [1], categories, ties)
    found = [(c, part) for c, part in zip(categories, parts, strict=True) if part]
    for place, (category, part) in enumerate(found or [(categories[0], 0)]):
        key = f"{line.key}/{category}" if place else line.key
        yield _open(line, key, category, part)


def _open(line: Priced, key: str, category: str, minor: int) -> Open:
    return Open(key, line, category, minor, minor)
