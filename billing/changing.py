"""What the previews and the changes of subscriptions share: quote a change, then make it.

A preview and its confirmation run the same code over the same inputs: the instant and the look at
the usage travel in the token, so that usage which arrives meanwhile changes nothing of what was
shown (it is billed with the next period).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.closing import Books, Closing
from billing.domain.records import InvoiceSummary, NoteSummary
from billing.errors import ModuleAlreadySubscribed, SubscriptionEnding
from billing.issuing import NOTHING
from billing.quoting import Quote
from billing.tokens import PreviewTokens, Shown
from control_plane.audit.record import record
from control_plane.catalog.domain import PlanVersion
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import ChangeId, SubscriptionId, TenantId, format_id, new_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED
from control_plane.subscriptions.codec import action_kind
from control_plane.subscriptions.domain import Action, Change, Segment, Timeline
from control_plane.subscriptions.errors import SubscriptionNotFound
from control_plane.subscriptions.repository import SubscriptionRepository

__all__ = [
    "Changed",
    "Changing",
    "Quote",
    "find_timeline",
    "require_free_modules",
    "require_going_on",
    "with_action",
]


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that was made, and the documents it caused, if any.

    Late usage that corrects a closed period has an invoice of its own; the preview counts it too.
    """

    subscription_id: SubscriptionId
    effective_at: datetime
    invoices: tuple[InvoiceSummary, ...] = ()
    notes: tuple[NoteSummary, ...] = ()


@dataclass(frozen=True, slots=True)
class Changing:
    """Quotes and makes changes of timelines. Everything happens in the caller's transaction."""

    closing: Closing
    tokens: PreviewTokens

    async def current_books(self, session: AsyncSession, tenant_id: TenantId) -> Books:
        """Lock the account, and invoice first whatever is due already, in grace or not.

        Raises:
            AccountParked: billing is halted.
        """
        books = await self.closing.open_account(session, tenant_id)
        books, _ = await self.closing.close(session, books, without_grace=True)
        return books

    async def quote(
        self,
        session: AsyncSession,
        books: Books,
        longer: Timeline,
        at: datetime,
        cutoff: str | None = None,
    ) -> Quote:
        """Price what a longer timeline makes due at ``at``, the instant of the change.

        ``at`` may lie ahead: then everything due until then is priced together, as an estimate.
        """
        code = currency(longer.currency)
        books = await self.closing.with_timeline(session, books, longer)
        found = await self.closing.converge(session, books, at, cutoff=cutoff)
        if found.empty:
            return Quote.nothing(code)
        return Quote(code, await self.closing.draft(session, books, found, "change"))

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
        """Append the new changes of ``longer``, issue what they cause, and tell whoever must know.

        Starting a subscription appends its first. ``shown`` repeats the preview's look at usage.
        """
        tenant_id = books.account.tenant_id
        longer, added = await self._append(session, books, longer)
        cutoff = None if shown is None else shown.cutoff
        quote = Quote.nothing(currency(longer.currency))
        # What waits was shown to cost nothing now: not even what another change left to be billed.
        if any(change.effective_at <= at for change in added):
            quote = await self.quote(session, books, longer, at, cutoff)
        books = await self.closing.with_timeline(session, books, longer)
        issued = NOTHING
        if quote.drafts is not None:
            issued = await self.closing.issue(session, books, quote.drafts)
        await self.closing.remember(session, books.closed_at(at))
        for change in added:
            await self._tell(session, tenant_id, change, actor)
        await enqueue(session, tenant_id, ENTITLEMENTS_CHANGED, {})
        effective_at = added[-1].effective_at
        return Changed(longer.subscription_id, effective_at, issued.invoices, issued.notes)

    async def _append(
        self, session: AsyncSession, books: Books, longer: Timeline
    ) -> tuple[Timeline, tuple[Change, ...]]:
        """Record what the tenant's timeline does not have yet."""
        repository, tenant_id = SubscriptionRepository(session), books.account.tenant_id
        known = next(
            (
                len(t.changes)
                for t in books.timelines
                if t.subscription_id == longer.subscription_id
            ),
            0,
        )
        if not known:
            await repository.add(tenant_id, longer)
            return longer, longer.changes
        added = [
            await repository.append(
                tenant_id,
                longer.subscription_id,
                change.action,
                effective_at=change.effective_at,
                known_at=change.known_at,
            )
            for change in longer.changes[known:]
        ]
        changes = (*longer.changes[:known], *added)
        return Timeline(longer.subscription_id, changes), tuple(added)

    async def _tell(
        self, session: AsyncSession, tenant_id: TenantId, change: Change, actor: str
    ) -> None:
        kind = action_kind(change.action)
        await record(
            session,
            tenant_id,
            actor,
            _FACTS.get(kind, f"subscription.{kind}"),
            "subscription",
            format_id("sub", change.subscription_id),
            {
                "change": format_id("chg", change.id),
                "effective_at": instant_text(change.effective_at),
            },
        )


_FACTS = {
    "start": "subscription.started",
    "change_plan": "subscription.plan_changed",
    "book_addon": "subscription.addon_booked",
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
    books: Books,
    plan: PlanVersion,
    at: datetime,
    besides: SubscriptionId | None,
    *,
    until: datetime | None = None,
) -> None:
    """Refuse a plan with a module that another subscription covers from ``at`` on.

    With ``until`` the plan is held no longer than that, and what begins later is in nobody's way.

    Raises:
        ModuleAlreadySubscribed: one of them does.
    """
    for timeline in books.timelines:
        if timeline.subscription_id == besides:
            continue
        for segment in timeline.segments:
            later = until is not None and segment.start >= until
            if (segment.end is None or segment.end > at) and not later:
                taken = set(books.versions.plans[segment.plan_version_id].modules)
                for module in (m for m in plan.modules if m in taken):
                    raise ModuleAlreadySubscribed(
                        module=module, subscription_id=format_id("sub", timeline.subscription_id)
                    )
