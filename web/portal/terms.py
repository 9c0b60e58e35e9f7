"""What a charge asks for, in sentences a customer understands, in both languages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from babel.numbers import format_currency, format_decimal

from control_plane.catalog.domain import Charge, ChargeKind, Matrix, Price, Text
from control_plane.catalog.policies import DEFAULTS, PackageRounding, Pause, Policies
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import Currency
from control_plane.kernel.exact import EXACT
from control_plane.kernel.money import Money
from web.i18n import LOCALES, N_, listing, translate

_INCLUDED = N_("{quantity} {unit} included")
_FURTHER = N_("{price} for each further unit ({unit})")
_EACH = N_("{price} for each unit ({unit})")
_UP_TO = N_("{price} each up to {bound} {unit}")
_REST = N_("{price} for each one above")
_ENTERING = N_("{fee} once this tier is reached")
_ALL_UP_TO = N_("{price} for each, if the total is up to {bound} {unit}")
_ALL_REST = N_("{price} for each, if the total is above that")
_PACKAGE = N_("{price} for each package of {size} {unit} started")
_FULL_PACKAGE = N_("{price} for each full package of {size} {unit}")
_RATE = N_("{rate} % of the amount")
_RATE_UP_TO = N_("{rate} % of the amount up to {bound}")
_RATE_REST = N_("{rate} % of what is above")
_PER_EVENT = N_("{fee} for each transaction")
_FREE_EVENTS = N_("Free in each period: the first {count} transaction(s)")
_FREE_AMOUNT = N_("{amount} of a period's amount is free")
_EVENT_MIN = N_("At least {fee} for each transaction")
_EVENT_MAX = N_("At most {fee} for each transaction")
_PEAK = N_("Counted by the peak of the period")
_DYNAMIC = N_("Charged as each transaction states it")
_CELL = N_("{price} each: {cell}")
_OTHERS = N_("{price} each: everything else")
_GROUPS = N_("Counted apart for each {properties}")
_MINIMUM = N_("At least {amount} a period")
_MAXIMUM = N_("At most {amount} a period")
_DISCOUNT = N_("{percent} % discount")
_INVOICED = N_("Invoiced every {interval}")
_ALLOWANCE = N_("Counted over a whole {interval}")
_EACH_OF = N_("{price} for each")
_SO_MANY_INCLUDED = N_("{quantity} included")
_COMMITMENT = N_("At least {amount} a period, all charges together")
_INCLUSIVE = N_("Prices include tax")
_HOLDING = N_("{amount} while paused")

_INTERVALS: Mapping[Interval, str] = {
    Interval.DAY: N_("day"),
    Interval.WEEK: N_("week"),
    Interval.MONTH: N_("month"),
    Interval.QUARTER: N_("quarter"),
    Interval.HALF_YEAR: N_("half-year"),
    Interval.YEAR: N_("year"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences about prices, in one language and currency, of one unit."""

    language: str
    currency: Currency
    unit: str = ""

    def say(self, message: str, **values: str) -> str:
        """Fill a sentence in; ``unit`` is known to all of them."""
        return translate(self.language, message, unit=self.unit, **values)

    def price(self, amount: Decimal | Money) -> str:
        """Write an amount of money, with every digit it has."""
        major = Decimal(amount.decimal_text()) if isinstance(amount, Money) else amount
        locale = LOCALES[self.language]
        exponent = -int(major.as_tuple().exponent)
        fine = exponent > self.currency.exponent
        return format_currency(
            major, self.currency.code, locale=locale, decimal_quantization=not fine
        )

    def number(self, quantity: Decimal) -> str:
        """Write a quantity with its thousands apart, and every digit it has."""
        locale = LOCALES[self.language]
        return format_decimal(quantity, locale=locale, decimal_quantization=False)

    def interval(self, interval: Interval) -> str:
        """Name an interval."""
        return translate(self.language, _INTERVALS[interval])


def charge_terms(
    charge: Charge, price: Price, unit: Text | None, language: str, policies: Policies = DEFAULTS
) -> tuple[str, ...]:
    """Say everything that decides what a charge comes to, most important first."""
    words = Words(language, price.currency)
    words = replace(words, unit=_unit(charge, unit, words))
    return (
        *_included(charge, words),
        *_model(charge, words, policies),
        *_options(charge, words),
        *holding_terms(charge, price, language, policies),
    )


def holding_terms(
    charge: Charge, price: Price, language: str, policies: Policies = DEFAULTS
) -> tuple[str, ...]:
    """Say what a fee comes to while the subscription is paused, where that is another amount."""
    if charge.holding is None or policies.pause is not Pause.HOLDING_FEE:
        return ()
    words = Words(language, price.currency)
    return (words.say(_HOLDING, amount=words.price(charge.holding)),)


def _unit(charge: Charge, unit: Text | None, words: Words) -> str:
    """Name what a price is for: GB, lines, or, of a conversion without a name, 3,600 seconds."""
    if unit is None:
        return ""
    name = charge.priced_unit(unit).in_language(words.language)
    if charge.conversion is None or charge.conversion.unit is not None:
        return name
    return f"{words.number(charge.conversion.divide_by)} {name}"


def price_notes(price: Price, language: str) -> tuple[str, ...]:
    """Say what holds for all charges of a price together."""
    words = Words(language, price.currency)
    notes = []
    if price.commitment is not None:
        notes.append(words.say(_COMMITMENT, amount=words.price(price.commitment.amount)))
    if price.tax_inclusive:
        notes.append(words.say(_INCLUSIVE))
    return tuple(notes)


def _included(charge: Charge, words: Words) -> Iterator[str]:
    if charge.kind is ChargeKind.CAPACITY:
        yield words.say(_PEAK)
    if not charge.included:
        return
    if charge.kind is ChargeKind.FLAT:
        yield words.say(_SO_MANY_INCLUDED, quantity=words.number(charge.included))
    elif charge.of_money:
        yield words.say(_FREE_AMOUNT, amount=words.price(charge.included))
    else:
        yield words.say(_INCLUDED, quantity=words.number(charge.included))


def _model(charge: Charge, words: Words, policies: Policies) -> Iterator[str]:
    match charge.kind:
        case ChargeKind.FLAT:
            yield from _fee(charge, words)
        case ChargeKind.PACKAGE:
            yield _package(charge, words, policies)
        case ChargeKind.PERCENTAGE:
            yield from _percentage(charge, words)
        case ChargeKind.GRADUATED_PERCENTAGE:
            yield from _rates(charge, words)
        case ChargeKind.DYNAMIC:
            yield words.say(_DYNAMIC)
        case ChargeKind.MATRIX:
            yield from _cells(charge.matrix, words)
        case ChargeKind.VOLUME:
            yield from _tiers(charge, words, _ALL_UP_TO, _ALL_REST)
        case _:
            yield from _units(charge, words)


def _fee(charge: Charge, words: Words) -> Iterator[str]:
    if charge.amount is not None:
        amount = words.price(charge.amount)
        yield amount if charge.quantity is None else words.say(_EACH_OF, price=amount)


def _units(charge: Charge, words: Words) -> Iterator[str]:
    if charge.unit_price is not None:
        each = _FURTHER if charge.included else _EACH
        yield words.say(each, price=words.price(charge.unit_price))
    yield from _tiers(charge, words, _UP_TO, _REST)


def _tiers(charge: Charge, words: Words, up_to: str, rest: str) -> Iterator[str]:
    for tier in charge.tiers:
        price = words.price(tier.unit_price)
        if tier.up_to is None:
            yield words.say(rest if len(charge.tiers) > 1 else _EACH, price=price)
        else:
            bound = words.number(EXACT.add(tier.up_to, charge.included))
            yield words.say(up_to, price=price, bound=bound)
        if tier.flat_fee:
            yield words.say(_ENTERING, fee=words.price(tier.flat_fee))


def _package(charge: Charge, words: Words, policies: Policies) -> str:
    started = policies.package_rounding is PackageRounding.UP
    return words.say(
        _PACKAGE if started else _FULL_PACKAGE,
        price=words.price(charge.unit_price or Decimal(0)),
        size=words.number(charge.package_size or Decimal(0)),
    )


def _percentage(charge: Charge, words: Words) -> Iterator[str]:
    if charge.rate:
        yield words.say(_RATE, rate=words.number(charge.rate))
    if charge.fixed_fee:
        yield words.say(_PER_EVENT, fee=words.price(charge.fixed_fee))
    if charge.free_events:
        yield words.say(_FREE_EVENTS, count=words.number(Decimal(charge.free_events)))
    if charge.free_amount:
        yield words.say(_FREE_AMOUNT, amount=words.price(charge.free_amount))
    if charge.event_min is not None:
        yield words.say(_EVENT_MIN, fee=words.price(charge.event_min))
    if charge.event_max is not None:
        yield words.say(_EVENT_MAX, fee=words.price(charge.event_max))


def _rates(charge: Charge, words: Words) -> Iterator[str]:
    for tier in charge.tiers:
        rate = words.number(tier.rate or Decimal(0))
        if tier.up_to is None:
            yield words.say(_RATE_REST if len(charge.tiers) > 1 else _RATE, rate=rate)
        else:
            bound = words.price(EXACT.add(tier.up_to, charge.included))
            yield words.say(_RATE_UP_TO, rate=rate, bound=bound)
        if tier.flat_fee:
            yield words.say(_ENTERING, fee=words.price(tier.flat_fee))


def _cells(matrix: Matrix | None, words: Words) -> Iterator[str]:
    if matrix is None:
        return
    for cell in matrix.cells:
        yield words.say(_CELL, price=words.price(cell.unit_price), cell=" · ".join(cell.values))
    if matrix.default is not None:
        yield words.say(_OTHERS, price=words.price(matrix.default))


def _options(charge: Charge, words: Words) -> Iterator[str]:
    if charge.discount:
        yield words.say(_DISCOUNT, percent=words.number(charge.discount))
    if charge.minimum is not None:
        yield words.say(_MINIMUM, amount=words.price(charge.minimum))
    if charge.maximum is not None:
        yield words.say(_MAXIMUM, amount=words.price(charge.maximum))
    if charge.group_by:
        yield words.say(_GROUPS, properties=listing(words.language, charge.group_by))
    if charge.allowance_interval is not None:
        yield words.say(_ALLOWANCE, interval=words.interval(charge.allowance_interval))
    if charge.interval is not None:
        yield words.say(_INVOICED, interval=words.interval(charge.interval))
