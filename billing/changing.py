"""What the previews and the changes of subscriptions share: quote a change, then make it.

A preview and its confirmation run the same code over the same inputs: the instant and the look at
the usage travel in the token, so that usage which arrives meanwhile changes nothing of what was
shown (it is billed with the next period).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from billing.closing import Books, Closing
from billing.domain.rating import InvoiceLine
from billing.domain.records import InvoiceSummary, NoteSummary
from billing.drafting import Drafts
from billing.errors import ModuleAlreadySubscribed, SubscriptionEnding
from billing.issuing import NOTHING
from billing.tokens import PreviewTokens, Shown
from control_plane.audit.record import record
from control_plane.catalog.domain import PlanVersion
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.ids import ChangeId, SubscriptionId, TenantId, format_id, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED
from control_plane.subscriptions.codec import action_kind
from control_plane.subscriptions.domain import Action, Change, Segment, Timeline
from control_plane.subscriptions.errors import SubscriptionNotFound
from control_plane.subscriptions.repository import SubscriptionRepository


@dataclass(frozen=True, slots=True)
class Quote:
    """Everything a change would issue at once: nothing when it takes effect later.

    ``total`` is that of the invoice, tax included; ``credited`` that of the credit notes, of which
    ``carried`` goes to the customer's balance; ``applied`` is what balances settle of the invoice,
    and ``due`` what is then to be paid. All in ``currency``.
    """

    currency: Currency
    drafts: Drafts | None

    @classmethod
    def nothing(cls, code: Currency) -> "Quote":
        """Return the quote of a change that costs nothing now."""
        return cls(code, None)

    @property
    def lines(self) -> tuple[InvoiceLine, ...]:
        """The exact lines, as they would be invoiced, before discounts and tax."""
        drafts = self.drafts
        return () if drafts is None else tuple(x for d in drafts.invoices for x in d.lines)

    @property
    def cutoff(self) -> str | None:
        """The look at the usage that everything was priced by."""
        return None if self.drafts is None else self.drafts.convergence.cutoff

    @property
    def net(self) -> Money:
        """The invoice's total before tax, after discounts."""
        return self._sum(d.made.net for d in self._invoices)

    @property
    def tax(self) -> Money:
        """The invoice's tax."""
        return self._sum(d.made.tax for d in self._invoices)

    @property
    def total(self) -> Money:
        """The invoice's total, tax included."""
        return self._sum(d.made.total for d in self._invoices)

    @property
    def applied(self) -> Money:
        """What balances settle of the invoice."""
        return self.total - self.due

    @property
    def due(self) -> Money:
        """What is to be paid now."""
        return self._sum(d.made.due for d in self._invoices)

    @property
    def credited(self) -> Money:
        """What the credit notes come to, tax included."""
        return self._sum(d.made.total for d in self._notes)

    @property
    def lowered(self) -> Money:
        """What the credit notes take off invoices that are still open."""
        return self._sum(d.lowered for d in self._notes)

    @property
    def carried(self) -> Money:
        """What the credit notes add to the customer's balance, before it is applied."""
        return self._sum(d.carried for d in self._notes)

    @property
    def invoices(self) -> tuple[dict[str, Any], ...]:
        """The bodies of the invoices, without numbers."""
        return tuple(d.body for d in self._invoices)

    @property
    def notes(self) -> tuple[dict[str, Any], ...]:
        """The bodies of the credit notes, without numbers."""
        return tuple(d.body for d in self._notes)

    def facts(self) -> dict[str, Any]:
        """Return what a confirmation must find again: every line, every amount, no ids.

        Keys hold ids that differ at the confirmation, so they are left out.
        """
        return {
            "invoices": [_without_ids(body) for body in self.invoices],
            "notes": [_without_ids(body) for body in self.notes],
            "lowered": [d.lowered.minor for d in self._notes],
        }

    @property
    def _invoices(self) -> Any:
        return () if self.drafts is None else self.drafts.invoices

    @property
    def _notes(self) -> Any:
        return () if self.drafts is None else self.drafts.notes

    def _sum(self, amounts: Any) -> Money:
        return Money.total(amounts, self.currency)


_IDS = {"key", "item_key", "subscription", "corrects", "tenant"}


def _without_ids(body: Mapping[str, Any]) -> dict[str, Any]:
    said = {key: value for key, value in body.items() if key not in _IDS}
    said["lines"] = [
        {key: value for key, value in line.items() if key not in _IDS} for line in body["lines"]
    ]
    if body["corrects"] is not None:
        said["corrects"] = body["corrects"]
    return said


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that was made, and the documents it caused, if any."""

    subscription_id: SubscriptionId
    effective_at: datetime
    invoice: InvoiceSummary | None
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
        quote = await self.quote(session, books, longer, at, cutoff)
        books = await self.closing.with_timeline(session, books, longer)
        issued = NOTHING
        if quote.drafts is not None:
            issued = await self.closing.issue(session, books, quote.drafts)
        await self.closing.remember(session, books.closed_at(at))
        for change in added:
            await self._tell(session, tenant_id, change, actor)
        await enqueue(session, tenant_id, ENTITLEMENTS_CHANGED, {})
        invoice = next(iter(issued.invoices), None)
        return Changed(longer.subscription_id, added[-1].effective_at, invoice, issued.notes)

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
