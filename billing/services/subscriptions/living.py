"""Quantities, pauses, the end, its taking back, trials, terms: all but plan and add-ons."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billing.changing import require_going_on
from billing.domain.life.errors import NothingToChange
from billing.domain.life.negotiating import require_fitting
from billing.domain.life.requests import (
    CancelWanted,
    PauseWanted,
    QuantityWanted,
    ReactivateWanted,
    ResumeWanted,
    TermsWanted,
    TrialWanted,
)
from billing.errors import SubscriptionEnding
from billing.services.subscriptions.desk import Desk, Proposal, lengthened, require_free, timing_of
from billing.services.subscriptions.starting import require_quantity
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import format_id
from control_plane.subscriptions.domain import (
    Action,
    Cancel,
    ChangeQuantity,
    ExtendTrial,
    Pause,
    Reactivate,
    Resume,
    Segment,
    SetTerms,
    Timeline,
)
from control_plane.subscriptions.terms_codec import terms_body


def propose_quantity(desk: Desk, timeline: Timeline, wanted: QuantityWanted) -> Proposal:
    """Lay out another quantity of a component.

    Raises:
        SubscriptionEnding, BackDated: see `Desk`.
        ComponentUnknown, QuantityInvalid: it is not one of the plan's, or out of bounds.
        NothingToChange: there are so many already.
    """
    segment = _held(desk, timeline)
    effective_at = desk.instant(wanted.when, segment)
    then = timeline.segment_at(effective_at) or segment
    plan = desk.version(then)
    price = plan.price(currency(timeline.currency), then.interval, then.count)
    require_quantity(price, wanted.component, wanted.quantity)
    if then.quantity(wanted.component) == wanted.quantity:
        raise NothingToChange
    action = ChangeQuantity(wanted.component, wanted.quantity)
    more = {"component": wanted.component, "quantity": wanted.quantity}
    return proposed(desk, timeline, "change_quantity", action, effective_at, more)


def propose_pause(desk: Desk, timeline: Timeline, wanted: PauseWanted) -> Proposal:
    """Lay out a pause.

    Raises:
        SubscriptionEnding, BackDated: see `Desk`.
        AlreadyPaused: it is.
    """
    effective_at = desk.instant(wanted.when, _held(desk, timeline))
    return proposed(desk, timeline, "pause", Pause(), effective_at)


def propose_resume(desk: Desk, timeline: Timeline, wanted: ResumeWanted) -> Proposal:
    """Lay out the end of a pause.

    Raises:
        SubscriptionEnding, BackDated: see `Desk`.
        NotPaused: it is not.
    """
    effective_at = desk.instant(wanted.when, _held(desk, timeline))
    return proposed(desk, timeline, "resume", Resume(), effective_at)


def propose_cancel(desk: Desk, timeline: Timeline, wanted: CancelWanted) -> Proposal:
    """Lay out the end.

    Raises:
        SubscriptionEnding: it has ended, or was cancelled for as early an instant.
        BackDated: a customer asks for the past.
    """
    now = max(desk.at, timeline.started_at)
    segment = timeline.segment_at(now)
    if segment is None:
        raise SubscriptionEnding(ended_at=instant_text(timeline.ended_at or desk.at))
    effective_at = max(desk.instant(wanted.when, segment), timeline.started_at)
    if timeline.ended_at is not None and effective_at >= timeline.ended_at:
        raise SubscriptionEnding(ended_at=instant_text(timeline.ended_at))
    return proposed(desk, timeline, "cancel", Cancel(), effective_at)


def propose_reactivate(desk: Desk, timeline: Timeline, wanted: ReactivateWanted) -> Proposal:
    """Lay out going on: before the end as if nobody had cancelled, after it with a new cycle.

    Raises:
        NotCancelled: it goes on anyway.
        ModuleAlreadySubscribed: another subscription covers one of its modules by now.
    """
    del wanted
    proposal = proposed(desk, timeline, "reactivate", Reactivate(), desk.at)
    require_free(desk, proposal.longer)
    return proposal


def propose_trial(desk: Desk, timeline: Timeline, wanted: TrialWanted) -> Proposal:
    """Lay out a trial that ends at another instant.

    Raises:
        VendorOnly: a customer asks.
        NoTrial, TrialEndInvalid: none is under way, or it would end before now.
    """
    desk.require_vendor("until")
    more = {"until": instant_text(wanted.until)}
    at = max(desk.at, timeline.started_at)
    return proposed(desk, timeline, "extend_trial", ExtendTrial(wanted.until), at, more)


def propose_terms(desk: Desk, timeline: Timeline, wanted: TermsWanted) -> Proposal:
    """Lay out terms of the subscription's own.

    Raises:
        VendorOnly: a customer asks.
        SubscriptionEnding: there is nothing to negotiate.
        TermsInvalid: the terms do not fit the plan's price.
    """
    desk.require_vendor("terms")
    segment = _held(desk, timeline)
    effective_at = desk.instant(wanted.when, segment)
    if wanted.terms is not None:
        plan = desk.version(segment)
        price = plan.price(currency(timeline.currency), segment.interval, segment.count)
        require_fitting(wanted.terms, price, desk.catalog.features)
    more = {"terms": None if wanted.terms is None else terms_body(wanted.terms)}
    return proposed(desk, timeline, "set_terms", SetTerms(wanted.terms), effective_at, more)


def proposed(
    desk: Desk,
    timeline: Timeline,
    kind: str,
    action: Action,
    effective_at: datetime,
    more: Mapping[str, Any] | None = None,
) -> Proposal:
    """Lay out one action."""
    segment = timeline.segment_at(max(desk.at, timeline.started_at))
    facts: dict[str, object] = {
        "kind": kind,
        "subscription": format_id("sub", timeline.subscription_id),
        "entries": len(timeline.changes),
        "effective_at": instant_text(effective_at),
        **(more or {}),
    }
    longer = lengthened(timeline, [(action, effective_at)], desk.at)
    return Proposal(
        timeline, longer, effective_at, timing_of(effective_at, desk.at, segment), facts
    )


def _held(desk: Desk, timeline: Timeline) -> Segment:
    return require_going_on(timeline, max(desk.at, timeline.started_at))
