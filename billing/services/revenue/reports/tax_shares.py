"""The tax that is in prices, for reports: by whom it is charged, to whom, on which day."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.pricing.percentage import PERCENT
from billing.domain.revenue.recurring import TaxShare
from billing.domain.tax.errors import TaxRateMissing
from billing.domain.tax.sale import Sale
from billing.domain.tax.treat import jurisdiction_of, treat
from billing.repositories.tax import TaxRepository
from billing.tax_desk import buyer_of
from control_plane.kernel.ids import TenantId
from control_plane.kernel.instants import local_date

_INSTANT = timedelta(microseconds=1)


async def tax_shares(
    session: AsyncSession, entities: Mapping[TenantId, str]
) -> Callable[[TenantId, str], TaxShare]:
    """Read, for many customers at once, who sells to whom; each with its legal entity's code.

    Returns what gives a customer's rates by its zone, on the day that an instant ends. Where no
    tax is charged, or no rate is known, there is none in the price. Profiles are those of now:
    what they were is not kept.
    """
    repository = TaxRepository(session)
    sellers = {entity.code: entity.seller for entity in await repository.entities()}
    profiles = await repository.profiles_of(entities.keys())
    exemptions = await repository.exemptions_of(entities.keys())
    rates = await repository.rates()

    def of_customer(tenant_id: TenantId, zone: str) -> TaxShare:
        seller = sellers[entities[tenant_id]]
        if seller is None:
            return lambda _category, _at: Fraction(0)
        buyer = buyer_of(seller, profiles.get(tenant_id), exemptions.get(tenant_id, ()))

        @cache
        def share(category: str, at: datetime) -> Fraction:
            sale = Sale(seller, buyer, local_date(at - _INSTANT, zone))
            place = jurisdiction_of(sale)
            held = [rate for rate in rates if rate.jurisdiction == place]
            try:
                return Fraction(treat(sale, category, held).rate) / PERCENT
            except TaxRateMissing:
                return Fraction(0)

        return share

    return of_customer
