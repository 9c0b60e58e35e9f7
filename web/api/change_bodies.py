"""What can be asked of a subscription, as the API reads it: one shape for each ``type``."""

from dataclasses import replace
from datetime import datetime

import msgspec

from billing.domain.life.requests import (
    Alignment,
    BookingCancelled,
    BookingMoved,
    BookingWanted,
    CancelWanted,
    Moment,
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
    When,
)
from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import ChangeId
from web.api.common import choice_from, id_from, instant_from
from web.api.terms_bodies import TermsBody, terms_from


class StartRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A plan to begin with. ``token`` of a preview makes sure that its price still holds.

    ``starts_at`` may lie ahead (without: at once). ``alignment`` is ``anniversary`` or
    ``calendar``. ``quantities`` counts the price's components; ``trial: false`` goes without the
    trial that the plan offers.
    """

    plan_code: str
    interval: str = "month"
    count: int = 1
    currency: str | None = None
    starts_at: str | None = None
    alignment: str = "anniversary"
    quantities: dict[str, int] = {}
    trial: bool = True
    token: str | None = None

    def request(self) -> StartWanted:
        """Read the request."""
        return StartWanted(
            plan_code=self.plan_code,
            interval=interval_from(self.interval) or Interval.MONTH,
            count=self.count,
            currency_code=self.currency,
            starts_at=_maybe(self.starts_at, "starts_at"),
            alignment=choice_from(Alignment, self.alignment, field="alignment"),
            quantities=dict(self.quantities),
            trial=self.trial,
        )


class StaffStartRequest(StartRequest, forbid_unknown_fields=True):
    """A start as the vendor may ask for it: also in the past, with a trial and terms of its own."""

    trial_end: str | None = None
    terms: TermsBody | None = None

    def request(self) -> StartWanted:
        """Read the request."""
        return replace(
            StartRequest.request(self),
            trial_end=_maybe(self.trial_end, "trial_end"),
            terms=terms_from(self.terms),
        )


class _Change(msgspec.Struct, forbid_unknown_fields=True, tag_field="type"):
    """What every change has: on confirmation, the token of the preview that was agreed to.

    Each kind reads its own ``request``.
    """

    token: str = ""


class ChangePlan(_Change, tag="change_plan"):
    """Another plan or interval. ``when``: ``by_rule``, ``now``, ``period_end`` or a time."""

    plan_code: str = ""
    interval: str | None = None
    count: int | None = None
    when: str = "by_rule"
    keep_anchor: bool | None = None

    def request(self) -> Request:
        """Read the request."""
        return PlanWanted(
            plan_code=self.plan_code,
            interval=interval_from(self.interval),
            count=self.count,
            when=when_from(self.when),
            keep_anchor=self.keep_anchor,
        )


class ChangeQuantity(_Change, tag="change_quantity"):
    """So many of a component, such as seats. ``when``: ``now``, ``period_end`` or a time."""

    component: str = ""
    quantity: int = 1
    when: str = "now"

    def request(self) -> Request:
        """Read the request."""
        return QuantityWanted(self.component, self.quantity, when_from(self.when))


class Pause(_Change, tag="pause"):
    """A pause. ``when``: ``now``, ``period_end`` or a time."""

    when: str = "now"

    def request(self) -> Request:
        """Read the request."""
        return PauseWanted(when_from(self.when))


class Resume(_Change, tag="resume"):
    """The end of a pause. ``when``: ``now``, ``period_end`` or a time."""

    when: str = "now"

    def request(self) -> Request:
        """Read the request."""
        return ResumeWanted(when_from(self.when))


class Cancel(_Change, tag="cancel"):
    """The end. ``when``: ``period_end``, ``now`` or a time."""

    when: str = "period_end"

    def request(self) -> Request:
        """Read the request."""
        return CancelWanted(when_from(self.when))


class Reactivate(_Change, tag="reactivate"):
    """Going on after all, or again."""

    def request(self) -> Request:
        """Read the request."""
        return ReactivateWanted()


class BookAddon(_Change, tag="book_addon"):
    """An add-on for a window of whole days of its season's zone; by default the season's next."""

    addon_code: str = ""
    window_start: str | None = None
    window_end: str | None = None
    quantity: int = 1

    def request(self) -> Request:
        """Read the request."""
        return BookingWanted(
            addon_code=self.addon_code,
            starts_at=_maybe(self.window_start, "window_start"),
            ends_at=_maybe(self.window_end, "window_end"),
            quantity=self.quantity,
        )


class ChangeBooking(_Change, tag="change_booking"):
    """Another window for a booking."""

    booking_id: str = ""
    window_start: str = ""
    window_end: str = ""

    def request(self) -> Request:
        """Read the request."""
        return BookingMoved(
            booking=ChangeId(id_from("chg", self.booking_id)),
            starts_at=instant_from(self.window_start, field="window_start"),
            ends_at=instant_from(self.window_end, field="window_end"),
        )


class CancelBooking(_Change, tag="cancel_booking"):
    """A booking given up, for what its ladder gives back."""

    booking_id: str = ""

    def request(self) -> Request:
        """Read the request."""
        return BookingCancelled(ChangeId(id_from("chg", self.booking_id)))


class Undo(_Change, tag="undo"):
    """Something scheduled, taken back. ``change_id`` is that of the timeline's entry."""

    change_id: str = ""

    def request(self) -> Request:
        """Read the request."""
        return UndoWanted(ChangeId(id_from("chg", self.change_id)))


class ExtendTrial(_Change, tag="extend_trial"):
    """A trial that ends at another time. Staff only."""

    until: str = ""

    def request(self) -> Request:
        """Read the request."""
        return TrialWanted(instant_from(self.until, field="until"))


class SetTerms(_Change, tag="set_terms"):
    """Terms of the subscription's own; none goes back to the list price. Staff only."""

    terms: TermsBody | None = None
    when: str = "now"

    def request(self) -> Request:
        """Read the request."""
        return TermsWanted(terms_from(self.terms), when_from(self.when))


ChangeRequest = (
    ChangePlan
    | ChangeQuantity
    | Pause
    | Resume
    | Cancel
    | Reactivate
    | BookAddon
    | ChangeBooking
    | CancelBooking
    | Undo
)
"""What a customer may ask."""

StaffChangeRequest = ChangeRequest | ExtendTrial | SetTerms
"""What the vendor may ask."""


def interval_from(text: str | None) -> Interval | None:
    """Read an interval; nothing said keeps what there is."""
    return choice_from(Interval, text, field="interval") if text else None


def when_from(text: str) -> When:
    """Read from when a change holds: a moment in words, or an instant."""
    if text in set(Moment):
        return Moment(text)
    return instant_from(text, field="when")


def _maybe(text: str | None, field: str) -> datetime | None:
    return instant_from(text, field=field) if text else None
