"""An invoice's amounts: lines, coupons, credits, tax, total, balances, amount due, in this order.

Worked example: fees of CNY 100.00 and 50.00, a coupon of 10 % and a credit of CNY 20.00, tax 13 %.
The coupon takes 15.00 (10.00 and 5.00), the credit 20.00 of the 135.00 left (13.33 and 6.67). Net
is 76.67 + 38.33 = 115.00, tax round(14.95) = 14.95, total 129.95.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from billing.domain.assembling.commitments import open_lines
from billing.domain.assembling.discounting import Discounting, Open
from billing.domain.assembling.errors import RoundingNotAllowed, TaxCategoryUnknown
from billing.domain.assembling.inputs import (
    Balance,
    Coupon,
    Credit,
    Priced,
    TaxTreatment,
)
from billing.domain.assembling.results import Assembled, BilledLine, TaxGroup, Used
from billing.domain.assembling.settling import settle_by
from billing.domain.assembling.sums import group_taxes, sums_of
from billing.domain.assembling.taxing import Taxable, taxes_of
from control_plane.catalog.policies import CouponOrder, Policies, RoundingPlace, TaxRounding
from control_plane.kernel.currency import Currency
from control_plane.kernel.money import Money

_NO_FLOORS: Mapping[str, Money] = MappingProxyType({})
_NO_SHARES: Mapping[str, Mapping[str, int]] = MappingProxyType({})
_UNTAXED: Mapping[str, TaxTreatment] = MappingProxyType({})


def assemble(
    lines: Sequence[Priced],
    *,
    policies: Policies,
    coupons: Sequence[Coupon] = (),
    credits: Sequence[Credit] = (),  # noqa: A002 - the trade's own word
    treatments: Mapping[str, TaxTreatment] = _UNTAXED,
    balances: Sequence[Balance] = (),
    floors: Mapping[str, Money] | None = None,
    topped_up: Mapping[str, Mapping[str, int]] = _NO_SHARES,
    en16931: bool = False,
) -> Assembled:
    """Compute an invoice's amounts from its rated lines.

    Args:
        lines: at least one, of one currency, none negative.
        policies: how to round and to split.
        coupons: in the order in which they apply.
        credits: promotional credits, in burn order.
        treatments: by tax category; empty where the seller charges no tax at all.
        balances: what settles the total, in order: of credit notes first, then prepaid.
        floors: by line key, what coupons before the minimum leave at least: the line's own
            minimum. Needed with that policy.
        topped_up: by key of a commitment line without a tax category of its own, the minor
            units it tops up by category; by default the other lines of its subscription here.
        en16931: whether the document must follow EN 16931.

    Raises:
        RoundingNotAllowed: a policy that EN 16931 does not allow.
        TaxCategoryUnknown: a category without treatment, where others have one.
        CurrencyMismatch: amounts of several currencies.
    """
    if en16931:
        refuse_for_en16931(policies)
    currency = lines[0].amount.currency
    opened = open_lines(lines, treatments, topped_up, policies)
    used = _discount(opened, currency, coupons, credits, policies, floors)
    billed = _tax(opened, currency, treatments, policies)
    return _settled(billed, group_taxes(billed, treatments), used, balances)


def _settled(
    billed: tuple[BilledLine, ...],
    taxes: tuple[TaxGroup, ...],
    used: tuple[Used, ...],
    balances: Sequence[Balance],
) -> Assembled:
    sums = sums_of(billed)
    applied = settle_by(balances, sums.total)
    return Assembled(
        lines=billed,
        taxes=taxes,
        subtotal=sums.subtotal,
        discount=sums.discount,
        net=sums.net,
        tax=sums.tax,
        total=sums.total,
        applied=applied,
        due=sums.total - Money.total((a.amount for a in applied), sums.total.currency),
        used=used,
    )


def refuse_for_en16931(policies: Policies) -> None:
    """Refuse policies by which an invoice's sums would break EN 16931 (BR-CO-10, BR-CO-17).

    Raises:
        RoundingNotAllowed: tax per line or per invoice, or lines that are not rounded alone.
    """
    value = policies.tax_rounding
    if value is not TaxRounding.GROUP:
        raise RoundingNotAllowed(policy="tax_rounding", value=value.value, field="tax_rounding")
    place = policies.rounding_place
    if place is not RoundingPlace.LINE:
        raise RoundingNotAllowed(policy="rounding_place", value=place.value, field="rounding_place")


def _discount(
    opened: Sequence[Open],
    currency: Currency,
    coupons: Sequence[Coupon],
    promotional: Sequence[Credit],
    policies: Policies,
    floors: Mapping[str, Money] | None,
) -> tuple[Used, ...]:
    before = policies.coupons is CouponOrder.BEFORE_MINIMUM
    if before and coupons and floors is None:
        raise TypeError("coupons before the minimum need each line's minimum in `floors`")
    discounting = Discounting(opened, currency, policies, (floors or {}) if before else _NO_FLOORS)
    used = [discounting.coupon(coupon) for coupon in coupons]
    used.extend(discounting.credit(credit) for credit in promotional)
    return tuple(u for u in used if u.amount.minor)


def _tax(
    opened: Sequence[Open],
    currency: Currency,
    treatments: Mapping[str, TaxTreatment],
    policies: Policies,
) -> tuple[BilledLine, ...]:
    taxes = [0] * len(opened)
    if treatments:
        taxable = [
            Taxable(
                line.key,
                line.left,
                line.source.tax_inclusive,
                _treatment(treatments, line.category),
            )
            for line in opened
        ]
        taxes = taxes_of(taxable, policies)
    return tuple(
        _billed(line, currency, Money(tax, currency), treatments.get(line.category))
        for line, tax in zip(opened, taxes, strict=True)
    )


def _treatment(treatments: Mapping[str, TaxTreatment], category: str) -> TaxTreatment:
    found = treatments.get(category)
    if found is None:
        raise TaxCategoryUnknown(category=category)
    return found


def _billed(
    line: Open, currency: Currency, tax: Money, treatment: TaxTreatment | None
) -> BilledLine:
    left = Money(line.left, currency)
    return BilledLine(
        key=line.key,
        source=line.source,
        amount=Money(line.amount, currency),
        discounts=tuple(line.discounts),
        net=left - tax if line.source.tax_inclusive else left,
        tax=tax,
        tax_category=line.category,
        tax_code=None if treatment is None else treatment.code,
        tax_rate=Decimal(0) if treatment is None else treatment.rate,
        tax_inclusive=line.source.tax_inclusive,
    )
