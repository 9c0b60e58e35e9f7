"""What somebody asks of a subscription. One value each; previewed and confirmed alike.

Quantities are whole numbers of a component (seats, warehouses), instants are UTC, amounts are in
the subscription's currency.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import AddonVersionId, ChangeId, PlanVersionId
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import Terms


class Moment(StrEnum):
    """From when a change holds: as the policy says, at once, or with the running period's end."""

    BY_RULE = "by_rule"
    NOW = "now"
    PERIOD_END = "period_end"


When: TypeAlias = Moment | datetime
"""A moment in words, or an instant: of the past for staff only."""


class Alignment(StrEnum):
    """Where a subscription's periods begin: at its start, or with the calendar."""

    ANNIVERSARY = "anniversary"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class StartWanted:
    """A new subscription. Without ``starts_at`` it begins at once.

    ``plan_version`` holds on to a version that was quoted; it is no longer asked whether it is on
    sale. A plan that offers a trial begins with it, once for an organisation, unless ``trial`` says
    no. ``trial_end``, ``terms`` and an instant of the past are the vendor's to give.
    """

    plan_code: str
    interval: Interval = Interval.MONTH
    count: int = 1
    currency_code: str | None = None
    starts_at: datetime | None = None
    trial: bool = True
    trial_end: datetime | None = None
    alignment: Alignment = Alignment.ANNIVERSARY
    quantities: Mapping[str, int] = field(default_factory=dict)
    terms: Terms | None = None
    plan_version: PlanVersionId | None = None


@dataclass(frozen=True, slots=True)
class PlanWanted:
    """Another plan, another interval, or the plan's newest version.

    No ``interval`` keeps the present one, no ``keep_anchor`` asks the policy. ``migration`` marks
    the vendor's own move of a plan to its newest version.
    """

    plan_code: str
    interval: Interval | None = None
    count: int | None = None
    when: When = Moment.BY_RULE
    keep_anchor: bool | None = None
    plan_version: PlanVersionId | None = None
    migration: bool = False


@dataclass(frozen=True, slots=True)
class QuantityWanted:
    """So many of a component from ``when`` on."""

    component: str
    quantity: int
    when: When = Moment.NOW


@dataclass(frozen=True, slots=True)
class PauseWanted:
    """Nothing granted and, by default, nothing charged from ``when`` on; data is kept."""

    when: When = Moment.NOW


@dataclass(frozen=True, slots=True)
class ResumeWanted:
    """Everything granted again from ``when`` on."""

    when: When = Moment.NOW


@dataclass(frozen=True, slots=True)
class CancelWanted:
    """The end of it all, with the paid period unless said otherwise."""

    when: When = Moment.PERIOD_END


@dataclass(frozen=True, slots=True)
class ReactivateWanted:
    """Going on: before the end as if nobody had cancelled, after it with a new cycle."""


@dataclass(frozen=True, slots=True)
class TrialWanted:
    """A trial that ends at another instant. The vendor's to give."""

    until: datetime


@dataclass(frozen=True, slots=True)
class BookingWanted:
    """An add-on for a window; without one for its season's running or next window.

    ``addon_version`` and ``price`` hold on to what was quoted.
    """

    addon_code: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    quantity: int = 1
    addon_version: AddonVersionId | None = None
    price: Money | None = None


@dataclass(frozen=True, slots=True)
class BookingMoved:
    """A booking whose window is another: longer, shorter, or elsewhere."""

    booking: ChangeId
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class BookingCancelled:
    """A booking given up; what comes back follows the add-on's ladder by lead time."""

    booking: ChangeId


@dataclass(frozen=True, slots=True)
class TermsWanted:
    """Terms of this subscription's own, None the list price again. The vendor's to give."""

    terms: Terms | None
    when: When = Moment.NOW


@dataclass(frozen=True, slots=True)
class UndoWanted:
    """What was recorded and has not taken effect, taken back."""

    change: ChangeId


Request: TypeAlias = (
    StartWanted
    | PlanWanted
    | QuantityWanted
    | PauseWanted
    | ResumeWanted
    | CancelWanted
    | ReactivateWanted
    | TrialWanted
    | BookingWanted
    | BookingMoved
    | BookingCancelled
    | TermsWanted
    | UndoWanted
)
"""Everything that can be asked. `billing.services.subscriptions` answers each."""
