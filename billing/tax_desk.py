"""Tax of a customer's invoices: parties, and how each category is treated."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.assembling import STANDARD, TaxTreatment
from billing.domain.tax.parties import BillingProfile, LegalEntity, unnamed_party
from billing.domain.tax.sale import Buyer, Exemption, Sale, Seller
from billing.domain.tax.treat import jurisdiction_of, treat
from billing.ports import TaxCalculator
from billing.repositories.tax import TaxRepository
from control_plane.kernel.ids import TenantId
from control_plane.tenancy.domain import Organisation
from control_plane.tenancy.repository import OrganisationRepository


@dataclass(frozen=True, slots=True)
class TableTaxCalculator:
    """The built-in calculator: the rates of the database, by the rules of `treat`."""

    session: AsyncSession

    async def treatments(self, sale: Sale, categories: Sequence[str]) -> Mapping[str, TaxTreatment]:
        """Return how each category is taxed; see `TaxCalculator`."""
        rates = await TaxRepository(self.session).rates([jurisdiction_of(sale)])
        return {category: treat(sale, category, rates) for category in categories}


@dataclass(frozen=True, slots=True)
class Dealing:
    """Who deals with whom, read once: the entity that sells, and what the customer said of itself.

    ``profile`` is None before it was filled in. ``exempted`` tells whether it may have any
    certificate of exemption.
    """

    tenant_id: TenantId
    entity: LegalEntity
    profile: BillingProfile | None
    exempted: bool = True


@dataclass(frozen=True, slots=True)
class TaxDesk:
    """Answers what an invoice must know of tax, within the caller's transaction."""

    vendor_name: str
    calculator: Callable[[AsyncSession], TaxCalculator] = field(default=TableTaxCalculator)

    async def entity(self, session: AsyncSession, code: str) -> LegalEntity:
        """Return a legal entity.

        Raises:
            EntityNotFound: there is none of this code.
        """
        return await TaxRepository(session).entity(code)

    async def dealing(self, session: AsyncSession, tenant_id: TenantId, entity: str) -> Dealing:
        """Return who deals with whom.

        Raises:
            EntityNotFound: there is no entity of this code.
        """
        repository = TaxRepository(session)
        return Dealing(
            tenant_id, await repository.entity(entity), await repository.profile(tenant_id)
        )

    async def treatments(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        entity: str,
        dated: date,
        categories: Collection[str],
    ) -> Mapping[str, TaxTreatment]:
        """Return how each tax category is treated on an invoice's date; ``""`` is left out.

        Nothing at all for an entity that charges no tax.

        Raises:
            TaxRateMissing: tax is due, and no rate is known.
        """
        dealing = await self.dealing(session, tenant_id, entity)
        return await self.treatments_in(session, dealing, dated, categories)

    async def treatments_in(
        self, session: AsyncSession, dealing: Dealing, dated: date, categories: Collection[str]
    ) -> Mapping[str, TaxTreatment]:
        """Return the same of a dealing that was read before; see `treatments`."""
        seller = dealing.entity.seller
        if seller is None:
            return {}
        held: list[Exemption] = []
        if dealing.exempted:
            exemptions = await TaxRepository(session).exemptions(dealing.tenant_id)
            held = [exemption for _, exemption in exemptions]
        sale = Sale(seller, buyer_of(seller, dealing.profile, held), dated)
        # An unnamed category is a commitment's: taxed as what it tops up, or alone as standard.
        wanted = {category for category in categories if category} or {STANDARD}
        return await self.calculator(session).treatments(sale, sorted(wanted))

    async def parties(
        self, session: AsyncSession, tenant_id: TenantId, entity: str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return seller and buyer as a document's body names them."""
        organisation = await OrganisationRepository(session).get(tenant_id)
        return self.parties_in(await self.dealing(session, tenant_id, entity), organisation)

    def parties_in(
        self, dealing: Dealing, organisation: Organisation
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the same of a dealing that was read before; see `parties`."""
        seller, profile = dealing.entity.party(self.vendor_name), dealing.profile
        if profile is None:
            return seller, unnamed_party(organisation.name, organisation.slug)
        return seller, profile.party(organisation.slug)


def buyer_of(seller: Seller, profile: BillingProfile | None, held: Collection[Any]) -> Buyer:
    """Return the customer; one who has not said where it is, is taken to be at home."""
    if profile is None:
        return Buyer(country=seller.country, exemptions=tuple(held))
    return Buyer(
        country=profile.address.country,
        business=profile.business,
        tax_id=profile.tax_id,
        region=profile.address.region,
        exemptions=tuple(held),
    )
