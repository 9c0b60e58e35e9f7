"""Close a quote without a subscription: the customer declines, or the vendor withdraws."""

from dataclasses import dataclass

from billing.domain.life.quotes import Answer, QuoteState, SalesQuote
from billing.repositories.quotes import QuoteRepository
from billing.services.quotes.accept_quote import require_open
from control_plane.audit.record import record
from control_plane.kernel.ids import QuoteId, TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class CloseQuote:
    """Answer a quote with no."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self, *, tenant_id: TenantId, quote_id: QuoteId, actor: str, staff: bool = False
    ) -> SalesQuote:
        """Decline, or withdraw for ``staff``, and return the quote with its answer.

        Raises:
            QuoteNotFound: the tenant has none of that id.
            QuoteClosed: it was answered, or ran out.
        """
        async with self.work(tenant_id) as session:
            repository = QuoteRepository(session)
            quote = await repository.lock(quote_id)
            now = await self.tenant_clock.now(session, tenant_id)
            require_open(quote, quote.state_at(now))
            state = QuoteState.WITHDRAWN if staff else QuoteState.DECLINED
            await repository.answer(quote, Answer(state, now, actor, None))
            await record(
                session,
                tenant_id,
                actor,
                f"quote.{state.value}",
                "quote",
                format_id("quo", quote.id),
                {"number": quote.number},
            )
            return await repository.get(quote_id)
