"""What an organisation holds: its subscriptions as they stand on its own clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from billing.invoicing import earliest_due_at, load_versions
from control_plane.catalog.domain import AddonVersion, Catalog, PlanVersion
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.ids import AddonVersionId, PlanVersionId, TenantId, format_id
from control_plane.kernel.period import Period
from control_plane.subscriptions.domain import Segment, Status, Timeline
from control_plane.subscriptions.repository import SubscriptionRepository
from control_plane.tenancy.domain import Organisation
from control_plane.tenancy.repository import OrganisationRepository
from web.compose import Application
from web.portal.views.subscriptions import CurrentPlan


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything the subscription pages are made of, read in one transaction."""

    organisation: Organisation
    now: datetime
    catalog: Catalog
    timelines: tuple[Timeline, ...]
    plans: Mapping[PlanVersionId, PlanVersion]
    addons: Mapping[AddonVersionId, AddonVersion]

    @property
    def currency(self) -> Currency:
        """The currency the organisation is billed in."""
        return currency(self.organisation.currency)

    @property
    def alive(self) -> tuple[Timeline, ...]:
        """The subscriptions that have not ended."""
        return tuple(t for t in self.timelines if t.status_at(self.now) is not Status.ENDED)

    @property
    def next_due_at(self) -> datetime | None:
        """When the next invoice falls due, as far as is known."""
        return earliest_due_at(self.timelines, self.now)

    def segment(self, timeline: Timeline) -> Segment:
        """Return the stretch in force now; before the start the first, after the end the last."""
        held = timeline.segment_at(self.now)
        if held is not None:
            return held
        return timeline.segments[-1 if self.now >= timeline.started_at else 0]

    def plan(self, timeline: Timeline) -> PlanVersion:
        """Return the plan version in force."""
        return self.plans[self.segment(timeline).plan_version_id]

    def period(self, timeline: Timeline) -> Period:
        """Return the billing period that now lies in."""
        anchor = self.segment(timeline).anchor
        return anchor.period_at(max(self.now, timeline.started_at))


async def read_holdings(application: Application, tenant_id: TenantId) -> Holdings:
    """Read the organisation, the catalogue on sale and every subscription."""
    async with application.work(tenant_id) as session:
        timelines = await SubscriptionRepository(session).timelines(tenant_id)
        versions = await load_versions(session, timelines)
        return Holdings(
            organisation=await OrganisationRepository(session).get(tenant_id),
            now=await application.tenant_clock.now(session, tenant_id),
            catalog=await CatalogRepository(session).current(),
            timelines=timelines,
            plans=versions.plans,
            addons=versions.addons,
        )


def current_plan(holdings: Holdings, timeline: Timeline, language: str) -> CurrentPlan:
    """Describe a subscription: its plan now, and what is booked to follow."""
    segment = holdings.segment(timeline)
    plan = holdings.plan(timeline)
    coming = next((s for s in timeline.segments if s.start > holdings.now), None)
    following = holdings.plans[coming.plan_version_id] if coming and coming != segment else None
    return CurrentPlan(
        subscription_id=format_id("sub", timeline.subscription_id),
        name=plan.name.in_language(language),
        interval=segment.interval.value,
        fee=plan.price(currency(timeline.currency), segment.interval).fee,
        period=holdings.period(timeline),
        status=timeline.status_at(holdings.now).value,
        next_name=following.name.in_language(language) if following else None,
        next_at=coming.start if following and coming else None,
        ends_at=timeline.ended_at,
    )
