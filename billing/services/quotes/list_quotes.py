"""Show a tenant's quotes, and one of them."""

from dataclasses import dataclass

from billing.domain.life.quotes import QuoteState, SalesQuote
from billing.repositories.quotes import QuoteRepository
from control_plane.kernel.ids import QuoteId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class ListedQuote:
    """A quote, and where it stands on the tenant's clock."""

    quote: SalesQuote
    state: QuoteState


@dataclass(frozen=True, slots=True)
class ListQuotes:
    """Every quote of the tenant, the newest first."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, tenant_id: TenantId) -> list[ListedQuote]:
        """Return them as they stand."""
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            found = await QuoteRepository(session).newest_first()
            return [ListedQuote(quote, quote.state_at(now)) for quote in found]


@dataclass(frozen=True, slots=True)
class GetQuote:
    """One quote of the tenant."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, *, tenant_id: TenantId, quote_id: QuoteId) -> ListedQuote:
        """Return it as it stands.

        Raises:
            QuoteNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            quote = await QuoteRepository(session).get(quote_id)
            return ListedQuote(quote, quote.state_at(now))
