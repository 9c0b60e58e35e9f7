"""What an organisation holds: its subscriptions as they stand on its own clock."""

from dataclasses import dataclass
from datetime import datetime

from billing.services.list_subscriptions import BookedAddon, SubscriptionView
from control_plane.catalog.domain import Catalog
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.period import Period
from control_plane.subscriptions.domain import Status
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
    subscriptions: tuple[SubscriptionView, ...]

    @property
    def currency(self) -> Currency:
        """The currency the organisation is billed in."""
        return currency(self.organisation.currency)

    @property
    def alive(self) -> tuple[SubscriptionView, ...]:
        """The subscriptions that have not ended."""
        return tuple(s for s in self.subscriptions if s.status is not Status.ENDED)

    @property
    def bookings(self) -> tuple[BookedAddon, ...]:
        """Every add-on that was ever booked."""
        return tuple(booked for s in self.subscriptions for booked in s.addons)

    @property
    def next_due_at(self) -> datetime | None:
        """When the next invoice falls due, as far as is known."""
        dues = [s.next_invoice_at for s in self.alive if s.next_invoice_at is not None]
        return min(dues, default=None)


async def read_holdings(application: Application, tenant_id: TenantId) -> Holdings:
    """Read the organisation, the catalogue on sale and every subscription."""
    async with application.work(tenant_id) as session:
        return Holdings(
            organisation=await OrganisationRepository(session).get(tenant_id),
            now=await application.tenant_clock.now(session, tenant_id),
            catalog=await CatalogRepository(session).current(),
            subscriptions=tuple(await application.list_subscriptions(tenant_id)),
        )


def current_period(subscription: SubscriptionView) -> Period:
    """Return the running billing period; of a subscription yet to start, its first."""
    return subscription.current_period or subscription.timeline.anchor.period(0)


def current_plan(subscription: SubscriptionView, language: str) -> CurrentPlan:
    """Describe a subscription: its plan now, and what is booked to follow."""
    coming = next((change for change in subscription.scheduled if change.plan is not None), None)
    following = None if coming is None else coming.plan
    return CurrentPlan(
        subscription_id=format_id("sub", subscription.id),
        name=subscription.plan.name.in_language(language),
        interval=subscription.interval.value,
        fee=subscription.fee,
        period=current_period(subscription),
        status=subscription.status.value,
        next_name=None if following is None else following.name.in_language(language),
        next_at=None if coming is None else coming.effective_at,
        ends_at=subscription.ends_at,
        paused=subscription.paused,
        trial_end=subscription.trial_end,
    )
