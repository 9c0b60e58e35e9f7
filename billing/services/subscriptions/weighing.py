"""Weighs a request: reads what it needs, lays it out, prices it, and takes its fingerprint.

A preview and its confirmation run this over the same inputs: the instant and the look at the
usage travel in the token, so that usage which arrives meanwhile changes nothing of what was shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from billing.changing import Changing, Quote, find_timeline
from billing.closing import Books
from billing.domain.life.fees import Held
from billing.domain.life.projecting import MOST_PERIODS, Projection
from billing.domain.life.requests import (
    BookingCancelled,
    BookingMoved,
    BookingWanted,
    CancelWanted,
    PauseWanted,
    PlanWanted,
    QuantityWanted,
    ReactivateWanted,
    Request,
    ResumeWanted,
    StartWanted,
    TermsWanted,
    TrialWanted,
    UndoWanted,
)
from billing.services.subscriptions.booking import (
    propose_booking,
    propose_move,
    propose_unbooking,
)
from billing.services.subscriptions.desk import Desk, Proposal
from billing.services.subscriptions.fingerprint import fingerprint
from billing.services.subscriptions.living import (
    propose_cancel,
    propose_pause,
    propose_quantity,
    propose_reactivate,
    propose_resume,
    propose_terms,
    propose_trial,
)
from billing.services.subscriptions.planning import propose_plan, wanted_interval
from billing.services.subscriptions.projecting import Projector, closed_periods
from billing.services.subscriptions.starting import propose_start
from billing.services.subscriptions.undoing import propose_undo
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import SubscriptionId
from control_plane.subscriptions.domain import Segment, Timeline

PROPOSERS: Mapping[type[Any], Callable[[Desk, Timeline, Any], Proposal]] = {
    PlanWanted: propose_plan,
    QuantityWanted: propose_quantity,
    PauseWanted: propose_pause,
    ResumeWanted: propose_resume,
    CancelWanted: propose_cancel,
    ReactivateWanted: propose_reactivate,
    TrialWanted: propose_trial,
    BookingWanted: propose_booking,
    BookingMoved: propose_move,
    BookingCancelled: propose_unbooking,
    TermsWanted: propose_terms,
    UndoWanted: propose_undo,
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """A request laid out and priced; ``digest`` is what a confirmation must find again."""

    desk: Desk
    proposal: Proposal
    quote: Quote
    digest: str

    @property
    def projection(self) -> Projection | None:
        """What both plans would cost per period, where two are compared."""
        return self.desk.projection


@dataclass(frozen=True, slots=True)
class Weighing:
    """Everything previews and confirmations share. All in the caller's transaction."""

    changing: Changing
    projector: Projector

    @classmethod
    def of(cls, changing: Changing) -> "Weighing":
        """Weigh with the same look at the usage that billing has."""
        return cls(changing, Projector(changing.closing.rater.usage))

    async def desk(
        self,
        session: AsyncSession,
        books: Books,
        at: datetime,
        *,
        staff: bool,
        request: Request | None = None,
    ) -> Desk:
        """Read what requests are weighed against, as of an instant."""
        repository = CatalogRepository(session)
        plan_id = getattr(request, "plan_version", None)
        addon_id = getattr(request, "addon_version", None)
        return Desk(
            books=books,
            catalog=await repository.current(),
            at=at,
            staff=staff,
            tenant_policies=books.account.policies,
            quoted_plans=await repository.plan_versions([plan_id] if plan_id else []),
            quoted_addons=await repository.addon_versions([addon_id] if addon_id else []),
        )

    async def weigh(
        self,
        session: AsyncSession,
        desk: Desk,
        subscription_id: SubscriptionId | None,
        request: Request,
        cutoff: str | None = None,
    ) -> Weighed:
        """Lay a request out and price it.

        Raises:
            TallyardError: whatever the request's own rules refuse, see the ``propose_…``.
        """
        if isinstance(request, StartWanted):
            proposal = propose_start(desk, request)
        else:
            timeline = find_timeline(desk.books, _required(subscription_id))
            desk = await self._projected(desk, timeline, request)
            proposal = PROPOSERS[type(request)](desk, timeline, request)
        quote = await self.price(session, desk, proposal, cutoff)
        return Weighed(desk, proposal, quote, fingerprint(proposal, quote))

    async def price(
        self, session: AsyncSession, desk: Desk, proposal: Proposal, cutoff: str | None = None
    ) -> Quote:
        """Price what a proposal puts on documents at once; nothing where it waits."""
        if not proposal.acts_at(desk.at):
            return Quote.nothing(currency(proposal.longer.currency))
        return await self.changing.quote(session, desk.books, proposal.longer, desk.at, cutoff)

    async def _projected(self, desk: Desk, timeline: Timeline, request: Request) -> Desk:
        segment = timeline.segment_at(max(desk.at, timeline.started_at))
        sides = None if segment is None else _sides(desk, timeline, segment, request)
        if segment is None or sides is None:
            return desk
        projection = await self.projector.project(
            desk.books.account.tenant_id,
            desk.catalog,
            closed_periods(timeline, segment, desk.at, _looked_at(request)),
            segment.anchor.period_at(max(desk.at, segment.anchor.at)),
            sides,
        )
        return replace(desk, projection=projection)


def _sides(
    desk: Desk, timeline: Timeline, segment: Segment, request: Request
) -> tuple[Held, Held] | None:
    """Return what is held and what is asked for, where a request is about recurring prices."""
    held = desk.held(timeline, segment)
    if isinstance(request, PlanWanted):
        plan = desk.plan(request.plan_code, request.plan_version)
        price = plan.price(held.price.currency, *wanted_interval(request, segment))
        if request.migration and segment.terms is not None:
            price = segment.terms.applied(price)
        return held, desk.hold(plan, price, segment)
    if isinstance(request, QuantityWanted):
        quantities = {**segment.quantities, request.component: request.quantity}
        return held, replace(held, quantities=quantities)
    if isinstance(request, TermsWanted):
        plan = desk.version(segment)
        price = plan.price(held.price.currency, segment.interval, segment.count)
        applied = price if request.terms is None else request.terms.applied(price)
        return held, desk.hold(plan, applied, segment)
    return None


def _looked_at(request: Request) -> int:
    """Return how many closed periods count: one for a migration, the rules' three else."""
    return 1 if isinstance(request, PlanWanted) and request.migration else MOST_PERIODS


def _required(subscription_id: SubscriptionId | None) -> SubscriptionId:
    if subscription_id is None:
        raise TypeError("only a start concerns no subscription")
    return subscription_id
