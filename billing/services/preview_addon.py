"""Show what a seasonal add-on would cost, before it is booked."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.changing import Changing, Quote, find_timeline, require_going_on, with_action
from billing.closing import Books
from billing.domain.rating import InvoiceLine
from billing.errors import AddonNotApplicable
from billing.tokens import Shown, digest_of
from control_plane.catalog.domain import AddonVersion
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.calendar import Period, instant_text
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import SubscriptionId, TenantId, format_id
from control_plane.kernel.money import Money
from control_plane.kernel.seasons import next_window
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.subscriptions.domain import BookAddon, Timeline

PURPOSE = "addon"


@dataclass(frozen=True, slots=True)
class AddonPreview:
    """The window an add-on would hold for, and its invoice. No tax is included.

    ``window`` is the whole season; booked when it has begun, only the days left are charged.
    """

    subscription_id: SubscriptionId
    addon: AddonVersion
    window: Period
    lines: tuple[InvoiceLine, ...]
    total: Money
    token: str


@dataclass(frozen=True, slots=True)
class AddonProposal:
    """A booking as it would be recorded, and what it would cost."""

    addon: AddonVersion
    window: Period
    longer: Timeline
    quote: Quote
    digest: str


@dataclass(frozen=True, slots=True)
class PreviewAddon:
    """Compute the booking of an add-on without making it."""

    work: UnitOfWork
    changing: Changing

    async def __call__(
        self, *, tenant_id: TenantId, subscription_id: SubscriptionId, addon_code: str
    ) -> AddonPreview:
        """Return the season's running or next window, the exact lines, and the confirming token.

        Raises:
            SubscriptionNotFound, SubscriptionEnding: there is nothing to book it for.
            AddonNotFound, PriceNotFound, SeasonOver: it is not on sale so.
            AddonNotApplicable: the plan lacks a module it needs.
            AccountParked: billing is halted.
        """
        async with self.work(tenant_id) as session:
            books = await self.changing.current_books(session, tenant_id)
            found = await propose_addon(
                self.changing, session, books, subscription_id, addon_code, books.now, None
            )
            shown = Shown(books.now, found.quote.cutoff, found.digest)
            return AddonPreview(
                subscription_id=subscription_id,
                addon=found.addon,
                window=found.window,
                lines=found.quote.lines,
                total=found.quote.total,
                token=self.changing.tokens.issue(PURPOSE, tenant_id, shown),
            )


async def propose_addon(
    changing: Changing,
    session: AsyncSession,
    books: Books,
    subscription_id: SubscriptionId,
    addon_code: str,
    at: datetime,
    cutoff: str | None,
) -> AddonProposal:
    """Lay out the booking of an add-on at ``at``, and price it."""
    timeline = find_timeline(books, subscription_id)
    segment = require_going_on(timeline, at)
    catalog = await CatalogRepository(session).current()
    addon = catalog.addon(addon_code)
    addon.price(currency(timeline.currency))
    plan = books.versions.plans[segment.plan_version_id]
    for module in (m for m in addon.requires if m not in plan.modules):
        raise AddonNotApplicable(addon_code=addon_code, module=module, field="addon_code")
    window = next_window(catalog.season(addon.season), at)
    longer = with_action(timeline, BookAddon(addon.id, window), at, books.now)
    quote = await changing.quote(session, books, longer, at, cutoff)
    facts: dict[str, object] = {
        "subscription": format_id("sub", subscription_id),
        "entries": len(timeline.changes),
        "addon": str(addon.id),
        "start": instant_text(window.start),
        "end": instant_text(window.end),
    }
    return AddonProposal(addon, window, longer, quote, digest_of(facts, quote.lines))
