"""Accept a quote: exactly what was quoted starts."""

from dataclasses import dataclass

from billing.buying import require_may_buy
from billing.changing import Changed
from billing.domain.life.errors import QuoteClosed, QuoteStale
from billing.domain.life.orders import order_from_body
from billing.domain.life.quotes import Answer, QuoteState, SalesQuote
from billing.repositories.purchase_orders import keep_purchase_order
from billing.repositories.quotes import QuoteRepository
from billing.services.quotes.quoting import LaidOrder, lay_order
from billing.services.subscriptions.weighing import Weighing
from control_plane.audit.record import record
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import QuoteId, TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class AcceptQuote:
    """Turn a quote into the subscription it promised."""

    work: UnitOfWork
    weighing: Weighing

    async def __call__(self, *, tenant_id: TenantId, quote_id: QuoteId, actor: str) -> Changed:
        """Start what was quoted, at the quoted versions, prices and instant; once.

        Raises:
            QuoteNotFound: the tenant has none of that id.
            QuoteClosed: it was answered, or ran out.
            QuoteStale: it would no longer come to what it says; nothing is charged.
            AccountParked: billing is halted.
            SuspendedBuysNothing: the customer has not paid for long.
        """
        changing = self.weighing.changing
        async with self.work(tenant_id) as session:
            await require_may_buy(session, tenant_id)
            books = await changing.current_books(session, tenant_id)
            repository = QuoteRepository(session)
            quote = await repository.lock(quote_id)
            require_open(quote, quote.state_at(books.now))
            try:
                laid = await lay_order(
                    self.weighing, session, books, order_from_body(quote.body["order"])
                )
            except TallyardError as error:
                raise QuoteStale(number=quote.number) from error
            require_promised(quote, laid)
            if number := quote.body["purchase_order"]:
                started = laid.timeline.subscription_id
                await keep_purchase_order(session, tenant_id, started, number, books.now)
            changed = await changing.make(
                session, books, laid.timeline, books.now, shown=None, actor=actor
            )
            answer = Answer(QuoteState.ACCEPTED, books.now, actor, changed.subscription_id)
            await repository.answer(quote, answer)
            facts = {
                "number": quote.number,
                "subscription": format_id("sub", changed.subscription_id),
            }
            named = format_id("quo", quote.id)
            await record(session, tenant_id, actor, "quote.accepted", "quote", named, facts)
            return changed


def require_open(quote: SalesQuote, state: QuoteState) -> None:
    """Refuse a quote that was answered, or ran out.

    Raises:
        QuoteClosed: it is not open.
    """
    if state is not QuoteState.OPEN:
        raise QuoteClosed(number=quote.number, state=state.value)


def require_promised(quote: SalesQuote, laid: LaidOrder) -> None:
    """Refuse to start anything but what was quoted.

    Raises:
        QuoteStale: an amount would be another.
    """
    if laid.promise != quote.promise:
        raise QuoteStale(number=quote.number)
