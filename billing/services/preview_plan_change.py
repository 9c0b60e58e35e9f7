"""Show what a plan change would cost, and from when, before it is confirmed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.changing import (
    Changing,
    Quote,
    find_timeline,
    require_free_modules,
    require_going_on,
    with_action,
)
from billing.closing import Books
from billing.domain.change_rule import ChangeTiming, change_timing
from billing.domain.rating import InvoiceLine
from billing.errors import SamePlan
from billing.tokens import Shown, digest_of
from control_plane.catalog.domain import PlanVersion
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.calendar import Interval, instant_text
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import SubscriptionId, TenantId, format_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.subscriptions.domain import ChangePlan, Segment, Timeline

PURPOSE = "plan_change"


@dataclass(frozen=True, slots=True)
class PlanChangePreview:
    """What a plan change puts on an invoice at once, and what recurs before and after it.

    ``total`` is the sum of ``lines``: what is charged on confirmation, nothing when the change
    waits for the period's end. ``fee_before`` and ``fee_after`` are per their own intervals. No
    tax is included.
    """

    subscription_id: SubscriptionId
    timing: ChangeTiming
    effective_at: datetime
    plan_before: PlanVersion
    interval_before: Interval
    fee_before: Money
    plan_after: PlanVersion
    interval_after: Interval
    fee_after: Money
    lines: tuple[InvoiceLine, ...]
    total: Money
    token: str


@dataclass(frozen=True, slots=True)
class PlanChangeProposal:
    """A plan change as it would be recorded, and what it would cost at once."""

    timing: ChangeTiming
    before: PlanVersion
    segment: Segment
    after: PlanVersion
    longer: Timeline
    quote: Quote
    digest: str


@dataclass(frozen=True, slots=True)
class PreviewPlanChange:
    """Compute a plan change without making it."""

    work: UnitOfWork
    changing: Changing

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        subscription_id: SubscriptionId,
        plan_code: str,
        interval: Interval | None = None,
    ) -> PlanChangePreview:
        """Return the exact lines and the token that confirms them; the interval stays by default.

        Raises:
            SubscriptionNotFound, SubscriptionEnding: there is nothing to change.
            PlanNotFound, PriceNotFound: the plan is not on sale so.
            SamePlan: it already holds.
            ModuleAlreadySubscribed: another subscription covers one of its modules.
            AccountParked: billing is halted.
        """
        async with self.work(tenant_id) as session:
            books = await self.changing.current_books(session, tenant_id)
            wanted = PlanWanted(subscription_id, plan_code, interval)
            found = await propose_plan_change(
                self.changing, session, books, wanted, books.now, None
            )
            shown = Shown(books.now, found.quote.cutoff, found.digest)
            action = found.longer.changes[-1].action
            after = action.interval if isinstance(action, ChangePlan) else found.segment.interval
            code = currency(found.longer.currency)
            return PlanChangePreview(
                subscription_id=subscription_id,
                timing=found.timing,
                effective_at=found.longer.changes[-1].effective_at,
                plan_before=found.before,
                interval_before=found.segment.interval,
                fee_before=found.before.price(code, found.segment.interval).fee,
                plan_after=found.after,
                interval_after=after,
                fee_after=found.after.price(code, after).fee,
                lines=found.quote.lines,
                total=found.quote.total,
                token=self.changing.tokens.issue(PURPOSE, tenant_id, shown),
            )


@dataclass(frozen=True, slots=True)
class PlanWanted:
    """The plan somebody asks for; no ``interval`` keeps the present one."""

    subscription_id: SubscriptionId
    plan_code: str
    interval: Interval | None


async def propose_plan_change(
    changing: Changing,
    session: AsyncSession,
    books: Books,
    wanted: PlanWanted,
    at: datetime,
    cutoff: str | None,
) -> PlanChangeProposal:
    """Lay out a plan change asked for at ``at``, and price it.

    A change at once whose credit would exceed its charge waits for the period's end: an invoice is
    never negative.
    """
    timeline = find_timeline(books, wanted.subscription_id)
    segment = require_going_on(timeline, at)
    interval = wanted.interval or segment.interval
    before = books.versions.plans[segment.plan_version_id]
    after = await CatalogRepository(session).plan(wanted.plan_code)
    code = currency(timeline.currency)
    if (after.id, interval) == (before.id, segment.interval) and segment.end is None:
        raise SamePlan(plan_code=after.code, interval=interval.value, field="plan_code")
    require_free_modules(books, after, at, wanted.subscription_id)
    timing = change_timing(
        old=before,
        old_price=before.price(code, segment.interval),
        new=after,
        new_price=after.price(code, interval),
        at=at,
        zone=segment.anchor.zone,
    )
    action = ChangePlan(after.id, interval)
    if timing is ChangeTiming.AT_ONCE:
        longer = with_action(timeline, action, at, books.now)
        quote = await changing.quote(session, books, longer, at, cutoff)
        if quote.total.minor < 0:
            timing = ChangeTiming.AT_PERIOD_END
    if timing is ChangeTiming.AT_PERIOD_END:
        longer = with_action(timeline, action, segment.anchor.period_at(at).end, books.now)
        quote = Quote(None, Money.zero(code))
    facts: dict[str, object] = {
        "subscription": format_id("sub", wanted.subscription_id),
        "entries": len(timeline.changes),
        "plan": str(after.id),
        "interval": interval.value,
        "timing": timing.value,
        "effective_at": instant_text(longer.changes[-1].effective_at),
    }
    digest = digest_of(facts, quote.lines)
    return PlanChangeProposal(timing, before, segment, after, longer, quote, digest)
