"""Reads a scenario's subscriptions: how each starts, and what happens to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from billing.domain.items import PolicyBook
from billing.domain.whatif.scenario import id_of
from billing.whatif.places import Places, read_whole
from control_plane.catalog.domain import AddonVersion, Catalog, PlanVersion
from control_plane.catalog.policies import AmbiguousTime, GapTime, IntervalChange, Policies
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.kernel.calendar import Anchor, Interval, Period
from control_plane.kernel.currency import Currency
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import ChangeId, SubscriptionId
from control_plane.kernel.seasons import next_window
from control_plane.subscriptions.domain import (
    Action,
    BookAddon,
    Cancel,
    CancelBooking,
    ChangeBooking,
    ChangePlan,
    ChangeQuantity,
    ExtendTrial,
    Pause,
    Reactivate,
    Resume,
    Start,
    Timeline,
    new_timeline,
)


class Do(StrEnum):
    """What can happen to a subscription."""

    CHANGE_PLAN = "change_plan"
    CHANGE_QUANTITY = "change_quantity"
    EXTEND_TRIAL = "extend_trial"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    REACTIVATE = "reactivate"
    BOOK_ADDON = "book_addon"
    CHANGE_BOOKING = "change_booking"
    CANCEL_BOOKING = "cancel_booking"


_OWN_KEYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Do.CHANGE_PLAN: (("plan",), ("interval", "count", "keep_anchor")),
    Do.CHANGE_QUANTITY: (("component", "quantity"), ()),
    Do.EXTEND_TRIAL: (("until",), ()),
    Do.BOOK_ADDON: (("addon",), ("quantity", "start", "end")),
    Do.CHANGE_BOOKING: (("booking", "start", "end"), ()),
    Do.CANCEL_BOOKING: (("booking",), ()),
}


@dataclass(slots=True)
class SubscriptionReader:
    """Reads one subscription into its timeline, entry by entry."""

    places: Places
    catalog: Catalog
    currency: Currency
    number: int
    policies: PolicyBook = field(default_factory=PolicyBook)
    timeline: Timeline | None = None

    def read(self, item: Cursor) -> Timeline | None:
        """Return the timeline, None after a fault in its start."""
        fields = item.fields(
            required=("plan", "start"),
            optional=("interval", "count", "anchor", "trial_end", "quantities", "changes"),
        )
        self._start(item, fields)
        for change in fields["changes"].items() if "changes" in fields else ():
            self._change(change)
        return self.timeline

    def _start(self, item: Cursor, fields: Mapping[str, Cursor]) -> None:
        plan = self._plan(fields.get("plan"))
        interval, count = _interval(fields, Interval.MONTH), read_whole(fields.get("count"))
        at = self._instant(fields.get("start"))
        anchor = self._instant(fields.get("anchor")) or at
        if plan is None or at is None or anchor is None:
            return
        policies = self._policies(fields["plan"], plan, interval, count)
        if policies is None:
            return
        start = Start(
            plan_version_id=plan.id,
            currency=self.currency.code,
            interval=interval,
            anchor=Anchor(
                at=anchor,
                zone=self.places.zone,
                interval=interval,
                count=count,
                second=policies.ambiguous_time is AmbiguousTime.SECOND,
                backward=policies.gap_time is GapTime.BACKWARD,
            ),
            trial_end=self._instant(fields.get("trial_end")),
            quantities=_quantities(fields.get("quantities")),
            aligned="anchor" in fields,
        )
        subscription_id = SubscriptionId(id_of("subscription", self.number))
        first = ChangeId(id_of("subscription", self.number, 1))
        try:
            self.timeline = new_timeline(
                subscription_id, first, start, effective_at=at, known_at=at
            )
        except TallyardError as error:
            item.report(Fault.REFUSED, reason=str(error))

    def _change(self, item: Cursor) -> None:
        kind = item.peek("do")
        required, optional = _OWN_KEYS.get(kind, ((), ()))
        fields = item.fields(required=("at", "do", *required), optional=("recorded", *optional))
        do = fields["do"].choice(Do, Do.CANCEL) if "do" in fields else None
        at = self._instant(fields.get("at"))
        known = self._instant(fields.get("recorded")) or at
        if do is None or at is None or known is None or self.timeline is None:
            return
        action = _ACTIONS[do](self, fields, at)
        if action is None:
            return
        change_id = ChangeId(id_of("subscription", self.number, len(self.timeline.changes) + 1))
        try:
            self.timeline = self.timeline.with_change(
                change_id, action, effective_at=at, known_at=known
            )
        except TallyardError as error:
            item.report(Fault.REFUSED, reason=str(error))

    def change_plan(self, fields: Mapping[str, Cursor], at: datetime) -> Action | None:
        """Read a change to another plan, of the same interval where none is named."""
        plan = self._plan(fields.get("plan"))
        if plan is None or self.timeline is None:
            return None
        held = self.timeline.segment_at(at) or self.timeline.segments[-1]
        interval = _interval(fields, held.interval)
        count = read_whole(fields.get("count"), held.count if interval == held.interval else 1)
        policies = self._policies(fields["plan"], plan, interval, count)
        if policies is None:
            return None
        keep = policies.interval_change is IntervalChange.KEEP_ANCHOR
        if "keep_anchor" in fields:
            keep = fields["keep_anchor"].boolean()
        return ChangePlan(plan.id, interval, count, keep_anchor=keep)

    def change_quantity(self, fields: Mapping[str, Cursor], at: datetime) -> Action | None:
        """Read how many of a component there are from then on."""
        del at
        if "component" not in fields:
            return None
        return ChangeQuantity(fields["component"].code(), read_whole(fields.get("quantity")))

    def extend_trial(self, fields: Mapping[str, Cursor], at: datetime) -> Action | None:
        """Read when a trial ends instead."""
        del at
        until = self._instant(fields.get("until"))
        return None if until is None else ExtendTrial(until)

    def book_addon(self, fields: Mapping[str, Cursor], at: datetime) -> Action | None:
        """Read a booking; its window is the season's next one where none is given."""
        addon = self._addon(fields.get("addon"))
        if addon is None:
            return None
        window = self._window(fields)
        if window is None and not {"start", "end"} & fields.keys():
            window = next_window(self.catalog.season(addon.season), at)
        quantity = read_whole(fields.get("quantity"))
        return None if window is None else BookAddon(addon.id, window, quantity)

    def change_booking(self, fields: Mapping[str, Cursor], at: datetime) -> Action | None:
        """Read another window for a booking."""
        del at
        booking, window = self._booking(fields.get("booking")), self._window(fields)
        return None if booking is None or window is None else ChangeBooking(booking, window)

    def cancel_booking(self, fields: Mapping[str, Cursor], at: datetime) -> Action | None:
        """Read that a booking is given up."""
        del at
        booking = self._booking(fields.get("booking"))
        return None if booking is None else CancelBooking(booking)

    def _window(self, fields: Mapping[str, Cursor]) -> Period | None:
        start, end = self._instant(fields.get("start")), self._instant(fields.get("end"))
        if start is None or end is None:
            return None
        if end <= start:
            fields["end"].report(Fault.BAD_WINDOW)
            return None
        return Period(start, end)

    def _booking(self, cursor: Cursor | None) -> ChangeId | None:
        """Read which booking is meant: 1 for the subscription's first, 2 for its second."""
        if cursor is None or self.timeline is None:
            return None
        booked = [c.id for c in self.timeline.changes if isinstance(c.action, BookAddon)]
        place = read_whole(cursor)
        if place > len(booked):
            cursor.report(Fault.UNKNOWN_BOOKING, value=cursor.raw)
            return None
        return booked[place - 1]

    def _plan(self, cursor: Cursor | None) -> PlanVersion | None:
        if cursor is not None and cursor.raw not in self.catalog.plans:
            cursor.report(Fault.UNKNOWN_PLAN, value=cursor.raw)
        return None if cursor is None else self.catalog.plans.get(cursor.raw)

    def _addon(self, cursor: Cursor | None) -> AddonVersion | None:
        if cursor is not None and cursor.raw not in self.catalog.addons:
            cursor.report(Fault.UNKNOWN_ADDON, value=cursor.raw)
        return None if cursor is None else self.catalog.addons.get(cursor.raw)

    def _policies(
        self, cursor: Cursor, plan: PlanVersion, interval: Interval, count: int
    ) -> Policies | None:
        """Return the policies of a plan's price, None after reporting that it has none."""
        try:
            return self.policies.of_price(plan, plan.price(self.currency, interval, count))
        except TallyardError:
            cursor.report(
                Fault.NO_SUCH_PRICE,
                value=plan.code,
                currency=self.currency.code,
                interval=interval.value if count == 1 else f"{count} {interval.value}",
            )
            return None

    def _instant(self, cursor: Cursor | None) -> datetime | None:
        return None if cursor is None else self.places.instant(cursor)


_Build = Callable[[SubscriptionReader, Mapping[str, Cursor], datetime], Action | None]

_ACTIONS: Mapping[Do, _Build] = {
    Do.CHANGE_PLAN: SubscriptionReader.change_plan,
    Do.CHANGE_QUANTITY: SubscriptionReader.change_quantity,
    Do.EXTEND_TRIAL: SubscriptionReader.extend_trial,
    Do.PAUSE: lambda _reader, _fields, _at: Pause(),
    Do.RESUME: lambda _reader, _fields, _at: Resume(),
    Do.CANCEL: lambda _reader, _fields, _at: Cancel(),
    Do.REACTIVATE: lambda _reader, _fields, _at: Reactivate(),
    Do.BOOK_ADDON: SubscriptionReader.book_addon,
    Do.CHANGE_BOOKING: SubscriptionReader.change_booking,
    Do.CANCEL_BOOKING: SubscriptionReader.cancel_booking,
}


def _interval(fields: Mapping[str, Cursor], default: Interval) -> Interval:
    return fields["interval"].choice(Interval, default) if "interval" in fields else default


def _quantities(cursor: Cursor | None) -> Mapping[str, int]:
    pairs = cursor.entries() if cursor else []
    return {key.code(): read_whole(value) for key, value in pairs}
