"""Show what a new subscription would cost, before anybody is bound to it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.changing import Changing, Quote, require_free_modules
from billing.closing import Books
from billing.domain.rating import InvoiceLine
from billing.errors import CurrencyNotOffered
from billing.tokens import Shown, digest_of
from control_plane.catalog.domain import PlanVersion
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.calendar import Anchor, Interval, Period, instant_text
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import ChangeId, SubscriptionId, TenantId, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.subscriptions.domain import Start, Timeline, new_timeline

PURPOSE = "start"


@dataclass(frozen=True, slots=True)
class StartPreview:
    """The first invoice of a subscription; ``fee`` recurs every interval. No tax is included."""

    plan: PlanVersion
    interval: Interval
    starts_at: datetime
    first_period: Period
    fee: Money
    lines: tuple[InvoiceLine, ...]
    total: Money
    token: str


@dataclass(frozen=True, slots=True)
class StartProposal:
    """A subscription as it would start, and its first invoice."""

    plan: PlanVersion
    timeline: Timeline
    quote: Quote
    digest: str


@dataclass(frozen=True, slots=True)
class PreviewStart:
    """Compute the first invoice of a subscription without starting it."""

    work: UnitOfWork
    changing: Changing

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        plan_code: str,
        interval: Interval,
        currency_code: str | None = None,
    ) -> StartPreview:
        """Return the exact first invoice and the token that confirms it.

        Raises:
            PlanNotFound, PriceNotFound: the plan is not on sale so.
            CurrencyNotOffered: the organisation is billed in another currency.
            ModuleAlreadySubscribed: another subscription covers one of its modules.
            AccountParked: billing is halted.
        """
        async with self.work(tenant_id) as session:
            books = await self.changing.current_books(session, tenant_id)
            proposal = await propose_start(
                self.changing, session, books, plan_code, interval, currency_code, books.now, None
            )
            shown = Shown(books.now, proposal.quote.cutoff, proposal.digest)
            start = proposal.timeline.start
            return StartPreview(
                plan=proposal.plan,
                interval=interval,
                starts_at=books.now,
                first_period=start.anchor.period(0),
                fee=proposal.plan.price(currency(start.currency), interval).fee,
                lines=proposal.quote.lines,
                total=proposal.quote.total,
                token=self.changing.tokens.issue(PURPOSE, tenant_id, shown),
            )


async def propose_start(
    changing: Changing,
    session: AsyncSession,
    books: Books,
    plan_code: str,
    interval: Interval,
    currency_code: str | None,
    at: datetime,
    cutoff: str | None,
) -> StartProposal:
    """Lay out a subscription that starts at ``at``, and price its first invoice."""
    expected = books.organisation.currency
    if currency_code not in {None, expected}:
        raise CurrencyNotOffered(expected=expected, currency=currency_code, field="currency")
    plan = await CatalogRepository(session).plan(plan_code)
    plan.price(currency(expected), interval)
    require_free_modules(books, plan, at, None)
    start = Start(
        plan_version_id=plan.id,
        currency=expected,
        interval=interval,
        anchor=Anchor(at=at, zone=books.organisation.zone, interval=interval),
    )
    timeline = new_timeline(
        SubscriptionId(new_id()), ChangeId(new_id()), start, effective_at=at, known_at=books.now
    )
    quote = await changing.quote(session, books, timeline, at, cutoff)
    facts: dict[str, object] = {
        "plan": str(plan.id),
        "interval": interval.value,
        "at": instant_text(at),
        "zone": books.organisation.zone,
    }
    return StartProposal(plan, timeline, quote, digest_of(facts, quote.lines))
