"""Show what a request would do and cost, before anybody is bound to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.changing import Quote
from billing.domain.instants import next_instant
from billing.domain.life.fees import Held, recurring_fee
from billing.domain.life.projecting import Projection
from billing.domain.life.requests import Request
from billing.domain.life.standing import nearest
from billing.domain.life.timing import ChangeTiming
from billing.domain.rating import InvoiceLine
from billing.services.subscriptions.desk import Desk
from billing.services.subscriptions.weighing import Weighed, Weighing
from billing.tokens import Shown
from control_plane.catalog.domain import PlanVersion
from control_plane.catalog.policies import Pause
from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.subscriptions.domain import Timeline


def purpose_of(request: Request) -> str:
    """Name what a token confirms: one kind of request and no other."""
    return f"change:{type(request).__name__}"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a subscription stands at one instant.

    ``fee`` recurs per interval, before tax; of a pause it is what the pause costs.
    """

    plan: PlanVersion
    interval: Interval
    count: int
    quantities: Mapping[str, int]
    fee: Money
    paused: bool
    trial: bool
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The next invoice after a change, tax included, estimated by the usage there is so far."""

    due_at: datetime
    total: Money


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What confirming would do: ``quote`` is charged and credited at once, to the cent.

    ``before`` is None for a start. ``token`` confirms exactly this for fifteen minutes.
    """

    subscription_id: SubscriptionId | None
    timing: ChangeTiming
    effective_at: datetime
    before: Standing | None
    after: Standing
    quote: Quote
    upcoming: Upcoming | None
    projection: Projection | None
    longer: Timeline
    token: str

    @property
    def lines(self) -> tuple[InvoiceLine, ...]:
        """The exact lines of the invoice at once, before discounts and tax."""
        return self.quote.lines

    @property
    def total(self) -> Money:
        """What is invoiced at once, tax included."""
        return self.quote.total


@dataclass(frozen=True, slots=True)
class PreviewChange:
    """Compute any request of a subscription without making it."""

    work: UnitOfWork
    weighing: Weighing

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        request: Request,
        subscription_id: SubscriptionId | None = None,
        staff: bool = False,
    ) -> ChangePreview:
        """Return the exact documents, the outlook, and the token that confirms them.

        Raises:
            AccountParked: billing is halted.
            TallyardError: whatever the request's own rules refuse, see the ``propose_…``.
        """
        async with self.work(tenant_id) as session:
            books = await self.weighing.changing.current_books(session, tenant_id)
            desk = await self.weighing.desk(session, books, books.now, staff=staff, request=request)
            found = await self.weighing.weigh(session, desk, subscription_id, request)
            shown = Shown(books.now, found.quote.cutoff, found.digest)
            proposal = found.proposal
            return ChangePreview(
                subscription_id=subscription_id,
                timing=proposal.timing,
                effective_at=proposal.effective_at,
                before=None
                if proposal.before is None
                else standing(found.desk, proposal.before, desk.at),
                after=standing(found.desk, proposal.longer, max(proposal.effective_at, desk.at)),
                quote=found.quote,
                upcoming=await self._upcoming(session, found),
                projection=found.projection,
                longer=proposal.longer,
                token=self.weighing.changing.tokens.issue(purpose_of(request), tenant_id, shown),
            )

    async def _upcoming(self, session: AsyncSession, found: Weighed) -> Upcoming | None:
        """Estimate the next invoice of the whole tenant, as if this were confirmed."""
        desk, longer = found.desk, found.proposal.longer
        closing = self.weighing.changing.closing
        books = (await closing.with_timeline(session, desk.books, longer)).closed_at(desk.at)
        due_at = next_instant(books.timelines, desk.at, books.versions)
        if due_at is None:
            return None
        quote = await self.weighing.changing.quote(session, books, longer, due_at)
        total = quote.total
        if any(line.due_at <= desk.at for line in quote.lines):
            total -= found.quote.total  # what is invoiced now is not invoiced then
        return Upcoming(due_at, total)


def standing(desk: Desk, timeline: Timeline, at: datetime) -> Standing:
    """Return how a subscription stands at an instant, or nearest to it."""
    segment = nearest(timeline, at)
    held = desk.held(timeline, segment)
    return Standing(
        plan=desk.version(segment),
        interval=segment.interval,
        count=segment.count,
        quantities=held.quantities,
        fee=_fee(held, paused=segment.paused),
        paused=segment.paused,
        trial=segment.trial,
        ends_at=timeline.ended_at,
    )


def _fee(held: Held, *, paused: bool) -> Money:
    if not paused:
        return recurring_fee(held)
    if held.policies.pause is Pause.CREDIT_UNUSED:
        return Money.zero(held.price.currency)
    return recurring_fee(replace(held, price=held.price.held()))
