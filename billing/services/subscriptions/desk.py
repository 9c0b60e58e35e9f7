"""What a request is weighed against, and what comes of it: a longer timeline, not yet recorded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from billing.changing import require_free_modules
from billing.closing import Books
from billing.domain.life.errors import BackDated, VendorOnly
from billing.domain.life.fees import Held
from billing.domain.life.projecting import Projection
from billing.domain.life.requests import Moment, When
from billing.domain.life.timing import ChangeTiming
from control_plane.catalog.domain import AddonVersion, Catalog, PlanVersion, Price
from control_plane.catalog.policies import DEFAULTS, Choices, Policies
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import AddonVersionId, ChangeId, PlanVersionId, new_id
from control_plane.subscriptions.domain import Action, Segment, Timeline


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a request is weighed against, read once, as of one instant.

    ``at`` is the instant of asking: the preview's, also when it is confirmed minutes later.
    ``staff`` tells whether the vendor asks. ``quoted_*`` are versions that were promised.
    """

    books: Books
    catalog: Catalog
    at: datetime
    staff: bool
    tenant_policies: Choices = field(default_factory=dict)
    quoted_plans: Mapping[PlanVersionId, PlanVersion] = field(default_factory=dict)
    quoted_addons: Mapping[AddonVersionId, AddonVersion] = field(default_factory=dict)
    projection: Projection | None = None

    def plan(self, code: str, version: PlanVersionId | None = None) -> PlanVersion:
        """Return the plan on sale, or the version that was promised.

        Raises:
            PlanNotFound: there is none.
        """
        if version is not None and version in self.quoted_plans:
            return self.quoted_plans[version]
        return self.catalog.plan(code)

    def addon(self, code: str, version: AddonVersionId | None = None) -> AddonVersion:
        """Return the add-on on sale, or the version that was promised.

        Raises:
            AddonNotFound: there is none.
        """
        if version is not None and version in self.quoted_addons:
            return self.quoted_addons[version]
        return self.catalog.addon(code)

    def version(self, segment: Segment) -> PlanVersion:
        """Return the plan of a stretch of a timeline: one held, promised, or on sale."""
        wanted = segment.plan_version_id
        known = self.books.versions.plans.get(wanted) or self.quoted_plans.get(wanted)
        return known or next(plan for plan in self.catalog.plans.values() if plan.id == wanted)

    def held(self, timeline: Timeline, segment: Segment) -> Held:
        """Return what a stretch of a timeline holds of its plan's price, terms applied."""
        plan = self.version(segment)
        price = plan.price(currency(timeline.currency), segment.interval, segment.count)
        if segment.terms is not None:
            price = segment.terms.applied(price)
        return self.hold(plan, price, segment)

    def hold(self, plan: PlanVersion, price: Price, segment: Segment) -> Held:
        """Return a price with the quantities of a stretch and the policies in force."""
        policies = self.policies(plan, price.policies)
        return Held(plan.label, price, segment.quantities, policies, segment.anchor.zone)

    def policies(self, plan: PlanVersion, price_choices: Choices) -> Policies:
        """Return the policies in force: default < plan < price < tenant."""
        return DEFAULTS.over(plan.policies, price_choices, self.tenant_policies)

    def require_vendor(self, what: str) -> None:
        """Refuse what only the vendor may give.

        Raises:
            VendorOnly: a customer asks.
        """
        if not self.staff:
            raise VendorOnly(what=what, field=what)

    def not_before(self, at: datetime, *, name: str = "at") -> datetime:
        """Return an instant that the asker may choose.

        Raises:
            BackDated: it is past, and a customer asks.
        """
        if at < self.at and not self.staff:
            raise BackDated(at=instant_text(at), field=name)
        return at

    def instant(self, when: When, segment: Segment) -> datetime:
        """Return from when something asked for at the desk holds.

        Raises:
            BackDated: it is past, and a customer asks.
        """
        if isinstance(when, datetime):
            return self.not_before(when)
        return period_end(segment, self.at) if when is Moment.PERIOD_END else self.at


@dataclass(frozen=True, slots=True)
class Proposal:
    """A request as it would be recorded.

    ``longer`` ends with the new changes, ``before`` is the timeline without them (None for a
    start). ``facts`` are what a confirmation must find unchanged beside the amounts.
    """

    before: Timeline | None
    longer: Timeline
    effective_at: datetime
    timing: ChangeTiming
    facts: Mapping[str, object]

    @property
    def added(self) -> int:
        """How many changes are new."""
        return len(self.longer.changes) - (len(self.before.changes) if self.before else 0)

    def acts_at(self, at: datetime) -> bool:
        """Tell whether anything of it holds already at the instant of asking."""
        return any(change.effective_at <= at for change in self.longer.changes[-self.added :])


def period_end(segment: Segment, at: datetime) -> datetime:
    """Return when the running period ends: a trial's last instant, or the cycle's boundary."""
    if at < segment.anchor.at:
        return segment.anchor.at
    return segment.anchor.period_at(at).end


def timing_of(effective_at: datetime, at: datetime, segment: Segment | None) -> ChangeTiming:
    """Name when something takes effect, for people."""
    if effective_at <= at:
        return ChangeTiming.AT_ONCE
    if segment is not None and effective_at == period_end(segment, at):
        return ChangeTiming.AT_PERIOD_END
    return ChangeTiming.ON_DATE


def lengthened(
    timeline: Timeline, entries: list[tuple[Action, datetime]], at: datetime
) -> Timeline:
    """Return the timeline with more changes, all known at the instant of asking."""
    for action, effective_at in entries:
        timeline = timeline.with_change(
            ChangeId(new_id()), action, effective_at=effective_at, known_at=at
        )
    return timeline


def require_free(desk: Desk, longer: Timeline) -> None:
    """Refuse a timeline with a module, now or later, that another subscription covers then.

    Raises:
        ModuleAlreadySubscribed: one of them does.
    """
    for held in longer.segments:
        if held.end is None or held.end > desk.at:
            plan, start = desk.version(held), max(held.start, desk.at)
            besides = longer.subscription_id
            require_free_modules(desk.books, plan, start, besides, until=held.end)
