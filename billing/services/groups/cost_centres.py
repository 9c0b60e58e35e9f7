"""The customer's cost centres: what names them, and the shares of an invoice's lines."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.documents.centres import read_shares
from billing.domain.groups.centres import NO_CENTRES, CentreTerms
from billing.domain.groups.errors import CostCentreInvalid, CostCentrePropertyInvalid
from billing.domain.groups.splitting import Split
from billing.repositories.accounts import AccountRepository
from billing.repositories.invoices import InvoiceRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import InvoiceId, SubscriptionId, TenantId, format_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.subscriptions.repository import SubscriptionRepository
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.repository import OrganisationRepository

LONGEST = 100


@dataclass(frozen=True, slots=True)
class CostCentres:
    """What names the cost centre of a line; it holds for invoices issued from now on."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def read(self, tenant_id: TenantId) -> CentreTerms:
        """Return how the organisation sorts its invoices."""
        async with self.work(tenant_id) as session:
            account = await AccountRepository(session).get(tenant_id)
            return NO_CENTRES if account is None else account.cost_centres

    async def set(
        self, *, tenant_id: TenantId, named: str | None, default: str | None, actor: str
    ) -> CentreTerms:
        """Keep the property of events, and the centre of what names none.

        Raises:
            CostCentrePropertyInvalid: the property is too long or not printable.
            CostCentreInvalid: the centre is.
        """
        said = (named or "").strip()
        if len(said) > LONGEST or not said.isprintable():
            raise CostCentrePropertyInvalid(value=said[:LONGEST], most=LONGEST, field="property")
        centre = _centre(default, field="default")
        async with self.work(tenant_id) as session:
            before = await self._terms(session, tenant_id)
            terms = replace(before, property=said or None, default=centre)
            await self._keep(session, tenant_id, terms, actor)
        return terms

    async def set_subscription(
        self,
        *,
        tenant_id: TenantId,
        subscription_id: SubscriptionId,
        centre: str | None,
        actor: str,
    ) -> str | None:
        """Keep the centre of one subscription, or take it away.

        Raises:
            SubscriptionNotFound: the tenant has none of that id.
            CostCentreInvalid: the name is too long or not printable.
        """
        own = _centre(centre, field="cost_centre")
        async with self.work(tenant_id) as session:
            await SubscriptionRepository(session).timeline(subscription_id)
            before = await self._terms(session, tenant_id)
            others = {k: v for k, v in before.subscriptions.items() if k != subscription_id}
            kept = others | ({subscription_id: own} if own else {})
            await self._keep(session, tenant_id, replace(before, subscriptions=kept), actor)
        return own

    async def _terms(self, session: AsyncSession, tenant_id: TenantId) -> CentreTerms:
        """Return the terms; nobody else bills or changes them before the commit."""
        organisation = await OrganisationRepository(session).get(tenant_id)
        entity = "sandbox" if organisation.sandbox else "live"
        now = await self.tenant_clock.now(session, tenant_id)
        return (await AccountRepository(session).open(tenant_id, entity, now)).cost_centres

    async def _keep(
        self, session: AsyncSession, tenant_id: TenantId, terms: CentreTerms, actor: str
    ) -> None:
        await AccountRepository(session).sort_by(tenant_id, terms)
        named = format_id("ten", tenant_id)
        fact = "cost_centres.changed"
        await record(session, tenant_id, actor, fact, "organisation", named, terms.body())


def _centre(value: str | None, *, field: str) -> str | None:
    named = " ".join((value or "").split())
    if len(named) > LONGEST or not named.isprintable():
        raise CostCentreInvalid(value=named[:LONGEST], most=LONGEST, field=field)
    return named or None


@dataclass(frozen=True, slots=True)
class ReadSplits:
    """An invoice's shares by cost centre, as its frozen body says them."""

    work: UnitOfWork

    async def __call__(
        self, tenant_id: TenantId, invoice_id: InvoiceId
    ) -> Mapping[str, tuple[Split, ...]]:
        """Return the shares of each line that has any, by its key.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            invoice = await InvoiceRepository(session).get(invoice_id)
        zero = Money.zero(invoice.summary.total.currency)
        found = {line["key"]: read_shares(line, zero) for line in invoice.content["lines"]}
        return {key: shares for key, shares in found.items() if shares}
