"""What booking an add-on commits to, in sentences, in both languages."""

from collections.abc import Iterator
from decimal import Decimal

from control_plane.catalog.domain import AddonVersion
from control_plane.kernel.currency import Currency
from web.i18n import N_
from web.portal.terms import Words

_EARLY = N_("{price} when booked at least {days} days ahead")
_REFUND = N_("{percent} % back when cancelled at least {days} days ahead")
_NO_REFUND = N_("Nothing back when cancelled later")
_DEPOSIT = N_("{percent} % of the price is the deposit")
_AT_A_TIME = N_("At most {count} at a time")
_INCLUSIVE = N_("Prices include tax")


def addon_notes(addon: AddonVersion, currency: Currency, language: str) -> tuple[str, ...]:
    """Say what early booking saves, what cancelling gives back, and what is paid when."""
    return tuple(_notes(addon, Words(language, currency)))


def _notes(addon: AddonVersion, words: Words) -> Iterator[str]:
    for step in addon.early_bird:
        if words.currency.code in step.prices:
            price = words.price(step.prices[words.currency.code])
            yield words.say(_EARLY, price=price, days=str(step.days_before))
    for refund in addon.cancellation:
        percent = words.number(refund.percent)
        yield words.say(_REFUND, percent=percent, days=str(refund.days_before))
    if addon.cancellation and addon.cancellation[-1].days_before:
        yield words.say(_NO_REFUND)
    if addon.deposit is not None:
        yield words.say(_DEPOSIT, percent=words.number(addon.deposit))
    if addon.max_quantity is not None:
        yield words.say(_AT_A_TIME, count=words.number(Decimal(addon.max_quantity)))
    if addon.tax_inclusive:
        yield words.say(_INCLUSIVE)
