"""How a sale is taxed: where, by which rate, or why not.

The rules for services follow Directive 2006/112/EC: Article 44 (place of supply to a business),
45 and 58 (to a consumer; electronically supplied services), 138 and 146 (intra-community supply
and export of goods), 196 (reverse charge). Elsewhere a seller collects where it is established or
registered, and exports are free.
"""

from collections.abc import Iterable

from billing.domain.assembling import TaxTreatment
from billing.domain.tax.countries import in_the_union
from billing.domain.tax.errors import TaxRateMissing
from billing.domain.tax.numbers import is_tax_number
from billing.domain.tax.rates import TaxRate, rate_on
from billing.domain.tax.reasons import EXPORT, INTRA_COMMUNITY, OUT_OF_SCOPE, REVERSE_CHARGE
from billing.domain.tax.sale import ExportCode, Sale
from control_plane.catalog.domain import Text
from control_plane.kernel.exact import exact_decimal

_NOTHING = exact_decimal("0")


def jurisdiction_of(sale: Sale) -> str:
    """Return where a sale is taxed, before exemptions and reverse charge."""
    seller, buyer = sale.seller, sale.buyer
    place = f"{buyer.country}-{buyer.region}" if buyer.region else buyer.country
    if place in seller.registrations:
        return place
    if buyer.country == seller.country or buyer.country in seller.registrations:
        return buyer.country
    both_in_union = in_the_union(seller.country) and in_the_union(buyer.country)
    to_consumer = both_in_union and not _is_business_elsewhere_in_the_union(sale)
    # Below the threshold of Article 59c a seller without one-stop shop taxes consumers at home.
    return seller.country if to_consumer and not seller.oss else buyer.country


def treat(sale: Sale, category: str, rates: Iterable[TaxRate]) -> TaxTreatment:
    """Return how a category is taxed in a sale; ``rates`` are those of its jurisdiction.

    Raises:
        TaxRateMissing: tax is due, and no rate is known.
    """
    jurisdiction = jurisdiction_of(sale)
    for exemption in sale.buyer.exemptions:
        if exemption.covers(jurisdiction, category, sale.day):
            return _free(category, exemption.code, jurisdiction, exemption.reason)
    seller, buyer = sale.seller, sale.buyer
    if _is_business_elsewhere_in_the_union(sale):
        goods = category in seller.goods
        code, reason = ("K", INTRA_COMMUNITY) if goods else ("AE", REVERSE_CHARGE)
        return _free(category, code, buyer.country, reason)
    if _leaves(sale, jurisdiction):
        out = seller.export is ExportCode.OUT_OF_SCOPE and category not in seller.goods
        code, reason = ("O", OUT_OF_SCOPE) if out else ("G", EXPORT)
        return _free(category, code, jurisdiction, reason)
    rate = rate_on(rates, category, sale.day)
    if rate is None:
        raise TaxRateMissing(jurisdiction=jurisdiction, category=category, on=sale.day)
    return TaxTreatment(category, rate.rate, rate.code, jurisdiction, rate.reason)


def _is_business_elsewhere_in_the_union(sale: Sale) -> bool:
    seller, buyer = sale.seller, sale.buyer
    return (
        buyer.business
        and buyer.country != seller.country
        and in_the_union(seller.country)
        and in_the_union(buyer.country)
        and is_tax_number(buyer.tax_id, buyer.country)
    )


def _leaves(sale: Sale, jurisdiction: str) -> bool:
    """Tell whether the sale goes to where the seller collects no tax."""
    seller = sale.seller
    at_home = jurisdiction == seller.country or jurisdiction in seller.registrations
    one_stop = seller.oss and in_the_union(seller.country) and in_the_union(jurisdiction)
    return not (at_home or one_stop)


def _free(category: str, code: str, jurisdiction: str, reason: Text) -> TaxTreatment:
    return TaxTreatment(category, _NOTHING, code, jurisdiction, None if code == "Z" else reason)
