"""What the previews and the changes of subscriptions share: quote a change, then make it.

A preview and its confirmation run the same code over the same inputs: the instant and the look at
the usage travel in the token, so that usage which arrives meanwhile changes nothing of what was
shown (it is billed with the next period).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.closing import Books, Closing
from billing.domain.rating import InvoiceLine
from billing.domain.records import InvoiceSummary
from billing.errors import ModuleAlreadySubscribed, SubscriptionEnding
from billing.invoicing import RatedBatch, earliest_due_at
from billing.tokens import PreviewTokens, Shown
from control_plane.audit.record import record
from control_plane.catalog.domain import PlanVersion
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import ChangeId, SubscriptionId, TenantId, format_id, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED
from control_plane.subscriptions.domain import Action, Change, Segment, Timeline
from control_plane.subscriptions.errors import SubscriptionNotFound
from control_plane.subscriptions.repository import SubscriptionRepository


@dataclass(frozen=True, slots=True)
class Quote:
    """What a change would put on an invoice at once; nothing when it takes effect later."""

    rated: RatedBatch | None
    total: Money

    @property
    def lines(self) -> tuple[InvoiceLine, ...]:
        """The exact lines, as they would be invoiced."""
        return () if self.rated is None else self.rated.lines

    @property
    def cutoff(self) -> str | None:
        """The look at the usage that the lines were priced by."""
        return None if self.rated is None else self.rated.cutoff


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that was made, and the invoice it caused, if any."""

    subscription_id: SubscriptionId
    effective_at: datetime
    invoice: InvoiceSummary | None


@dataclass(frozen=True, slots=True)
class Changing:
    """Quotes and makes changes of timelines. Everything happens in the caller's transaction."""

    closing: Closing
    tokens: PreviewTokens

    async def current_books(self, session: AsyncSession, tenant_id: TenantId) -> Books:
        """Lock the account, and invoice first whatever is due already.

        Raises:
            AccountParked: billing is halted.
        """
        books = await self.closing.open_account(session, tenant_id)
        books, _ = await self.closing.close(session, books)
        return books

    async def quote(
        self,
        session: AsyncSession,
        books: Books,
        longer: Timeline,
        at: datetime,
        cutoff: str | None = None,
    ) -> Quote:
        """Price what a longer timeline makes due at ``at``, the instant of the change."""
        code = currency(longer.currency)
        due = await self.closing.due_now(session, books, [longer], at)
        if not due:
            return Quote(None, Money.zero(code))
        if len(due) > 1 or due[0].due_at != at:
            raise AssertionError(f"a change at {at} makes {len(due)} instants due")
        tenant_id = books.account.tenant_id
        rated = await self.closing.rater.rate(session, tenant_id, due[0], cutoff=cutoff)
        return Quote(rated, Money.total((line.amount for line in rated.lines), code))

    async def make(
        self,
        session: AsyncSession,
        books: Books,
        longer: Timeline,
        at: datetime,
        *,
        shown: Shown | None,
        actor: str,
    ) -> Changed:
        """Append the last change of ``longer``, invoice it, and tell whoever must know.

        Starting a subscription appends its first. ``shown`` repeats the preview's look at usage.
        """
        tenant_id, change = books.account.tenant_id, longer.changes[-1]
        change, longer = await self._append(session, tenant_id, longer)
        quote = await self.quote(
            session, books, longer, at, None if shown is None else shown.cutoff
        )
        books = await self._with(session, books, longer)
        invoice = None
        closed = books.account.closed_through
        if quote.rated is not None:
            invoice = await self.closing.issue(session, books, quote.rated)
            closed = at
        upcoming = earliest_due_at(books.timelines, books.now)
        await self.closing.remember(session, books, closed, upcoming)
        await self._tell(session, tenant_id, change, actor)
        return Changed(longer.subscription_id, change.effective_at, invoice)

    async def _append(
        self, session: AsyncSession, tenant_id: TenantId, longer: Timeline
    ) -> tuple[Change, Timeline]:
        repository = SubscriptionRepository(session)
        last = longer.changes[-1]
        if last.seq == 1:
            await repository.add(tenant_id, longer)
            return last, longer
        kept = await repository.append(
            tenant_id,
            longer.subscription_id,
            last.action,
            effective_at=last.effective_at,
            known_at=last.known_at,
        )
        return kept, Timeline(longer.subscription_id, (*longer.changes[:-1], kept))

    async def _with(self, session: AsyncSession, books: Books, longer: Timeline) -> Books:
        timelines = books.timelines_with(longer)
        return Books(
            account=books.account,
            organisation=books.organisation,
            timelines=timelines,
            versions=await self.closing.rater.shelf.versions(session, timelines),
            now=books.now,
        )

    async def _tell(
        self, session: AsyncSession, tenant_id: TenantId, change: Change, actor: str
    ) -> None:
        kind = type(change.action).__name__.lower()
        await record(
            session,
            tenant_id,
            actor,
            _FACTS[kind],
            "subscription",
            format_id("sub", change.subscription_id),
            {
                "change": format_id("chg", change.id),
                "effective_at": instant_text(change.effective_at),
            },
        )
        await enqueue(session, tenant_id, ENTITLEMENTS_CHANGED, {})


_FACTS = {
    "start": "subscription.started",
    "changeplan": "subscription.plan_changed",
    "bookaddon": "subscription.addon_booked",
    "cancel": "subscription.cancelled",
}


def with_action(
    timeline: Timeline, action: Action, effective_at: datetime, now: datetime
) -> Timeline:
    """Return the timeline with one more action, known now."""
    return timeline.with_change(ChangeId(new_id()), action, effective_at=effective_at, known_at=now)


def find_timeline(books: Books, subscription_id: SubscriptionId) -> Timeline:
    """Return the tenant's subscription of an id, or raise SubscriptionNotFound."""
    for timeline in books.timelines:
        if timeline.subscription_id == subscription_id:
            return timeline
    raise SubscriptionNotFound(subscription_id=format_id("sub", subscription_id))


def require_going_on(timeline: Timeline, at: datetime) -> Segment:
    """Return the plan that holds, of a subscription that nobody has cancelled.

    Raises:
        SubscriptionEnding: it was cancelled, or has ended.
    """
    segment = timeline.segment_at(at)
    if timeline.ended_at is not None or segment is None:
        raise SubscriptionEnding(ended_at=instant_text(timeline.ended_at or at))
    return segment


def require_free_modules(
    books: Books, plan: PlanVersion, at: datetime, besides: SubscriptionId | None
) -> None:
    """Refuse a plan with a module that another subscription covers from ``at`` on.

    Raises:
        ModuleAlreadySubscribed: one of them does.
    """
    for timeline in books.timelines:
        if timeline.subscription_id == besides:
            continue
        for segment in timeline.segments:
            if segment.end is None or segment.end > at:
                taken = set(books.versions.plans[segment.plan_version_id].modules)
                for module in (m for m in plan.modules if m in taken):
                    raise ModuleAlreadySubscribed(
                        module=module, subscription_id=format_id("sub", timeline.subscription_id)
                    )
