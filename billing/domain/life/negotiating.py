"""Whether negotiated terms fit the price that they are about."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from billing.domain.life.errors import TermsInvalid
from control_plane.catalog.domain import Charge, Feature, Grant, Price, Tier, fits_feature
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import ChargeTerms, Terms

_WHOLE = 100
_OF_KINDS = ("amount", "unit_price", "tiers")
"""What only some kinds of charges are priced by: an unpriced charge has none of it."""


def require_fitting(terms: Terms, price: Price, features: Mapping[str, Feature]) -> None:
    """Refuse terms that no invoice could be computed from, or that would grant nothing sensible.

    Raises:
        TermsInvalid: a charge or feature is unknown, a charge is not priced by that, a currency is
            another, a number is out of bounds, or the last tier is not open.
    """
    known = {charge.code: charge for charge in price.charges}
    for code, charge in terms.charges.items():
        if code not in known:
            raise TermsInvalid(what=f"charges.{code}", field="terms")
        for fault in _faults(charge, known[code], price):
            raise TermsInvalid(what=f"charges.{code}.{fault}", field="terms")
    for code, grant in terms.entitlements.items():
        if code not in features or not _grants(grant, features[code]):
            raise TermsInvalid(what=f"entitlements.{code}", field="terms")
    commitment = terms.commitment
    if commitment is not None and not _fits(commitment.amount, price):
        raise TermsInvalid(what="commitment", field="terms")


def _faults(terms: ChargeTerms, charge: Charge, price: Price) -> Iterator[str]:
    for name in _OF_KINDS:
        if getattr(terms, name) is not None and getattr(charge, name) in {None, ()}:
            yield name
    for name in ("amount", "minimum", "maximum"):
        amount: Money | None = getattr(terms, name)
        if amount is not None and not _fits(amount, price):
            yield name
    yield from _bad_numbers(terms)
    if terms.tiers is not None and not _tile(terms.tiers, charge.tiers):
        yield "tiers"
    agreed = terms.applied(charge)
    low, high = agreed.minimum, agreed.maximum
    if low is not None and high is not None and high < low:
        yield "maximum"


def _bad_numbers(terms: ChargeTerms) -> Iterator[str]:
    for name in ("unit_price", "included", "discount"):
        number = getattr(terms, name)
        if number is not None and number < 0:
            yield name
    if terms.discount is not None and terms.discount > _WHOLE:
        yield "discount"


def _grants(grant: Grant, feature: Feature) -> bool:
    """Tell whether a feature can be granted so; false takes away what the plan grants of it."""
    return grant is False or fits_feature(grant, feature)


def _fits(amount: Money, price: Price) -> bool:
    return amount.currency == price.currency and amount.minor >= 0


def _tile(tiers: tuple[Tier, ...], listed: tuple[Tier, ...]) -> bool:
    """Tell whether tiers rise, only the last one is open, and none has another kind of price."""
    if not tiers or tiers[-1].up_to is not None:
        return False
    bounds = [tier.up_to for tier in tiers[:-1]]
    closed = [bound for bound in bounds if bound is not None and bound > 0]
    rising = len(closed) == len(bounds) and all(low < high for low, high in pairwise(closed))
    priced = all(tier.unit_price >= 0 and tier.flat_fee >= 0 for tier in tiers)
    of_rates = any(tier.rate is not None for tier in listed)
    return rising and priced and not of_rates
