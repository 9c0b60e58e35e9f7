"""A subscription's page, and the preview of anything that can be done to it."""

from dataclasses import dataclass
from datetime import date, datetime

from control_plane.kernel.money import Money
from control_plane.kernel.period import Period
from web.portal.charts import YearStrip
from web.portal.views.shell import Choice
from web.portal.views.subscriptions import CurrentPlan


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One line exactly as it will be billed, before discounts and tax."""

    description: str
    amount: Money
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class PreviewTax:
    """The tax of all lines of one rate; ``rate`` is a percentage."""

    rate: str
    tax: Money


@dataclass(frozen=True, slots=True)
class PreviewDocument:
    """An invoice or a credit note as it will be issued; ``corrects`` is a credit note's invoice."""

    lines: tuple[PreviewLine, ...]
    taxes: tuple[PreviewTax, ...]
    discount: Money
    net: Money
    total: Money
    applied: Money
    due: Money
    corrects: str | None = None

    @property
    def plain(self) -> bool:
        """Whether the lines alone make the total: no discount, no tax, no balance."""
        return not (self.discount.minor or self.taxes or self.applied.minor)


@dataclass(frozen=True, slots=True)
class SideCard:
    """The subscription before or after; ``expected`` is the projected total per period."""

    name: str
    fee: Money
    interval: str
    count: int
    notes: tuple[str, ...] = ()
    expected: Money | None = None
    usage: Money | None = None


@dataclass(frozen=True, slots=True)
class ComingCard:
    """The next invoice after the change, by the usage there is so far."""

    due_at: datetime
    total: Money


@dataclass(frozen=True, slots=True)
class PreviewView:
    """What confirming would do and cost. ``fields`` are sent back with ``token`` to confirm.

    ``stale`` says that an earlier preview no longer holds and this is a fresh one. ``periods`` is
    how many closed periods the projection looks at.
    """

    title: str
    action: str
    fields: tuple[tuple[str, str], ...]
    token: str
    back: str
    effective_at: datetime
    timing: str
    invoices: tuple[PreviewDocument, ...]
    credit_notes: tuple[PreviewDocument, ...]
    total: Money
    due: Money
    credited: Money
    carried: Money
    before: SideCard | None = None
    after: SideCard | None = None
    difference: Money | None = None
    periods: int = 0
    coming: ComingCard | None = None
    hint: str = ""
    danger: bool = False
    stale: bool = False


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """Something that is counted: seats, warehouses; ``each`` is the fee of one more, if any."""

    code: str
    name: str
    quantity: int
    each: Money | None


@dataclass(frozen=True, slots=True)
class BookingRow:
    """A booked window, its calendar days in the season's zone, and what can be done to it."""

    booking_id: str
    name: str
    window: Period
    first_day: date
    last_day: date
    quantity: int
    price: Money
    state: str
    refund: str = ""
    changeable: bool = False


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """Something that happened, or is to happen; ``change_id`` is set where it can be undone."""

    at: datetime
    words: str
    known_at: datetime
    late: bool
    ahead: bool
    change_id: str | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionPage:
    """Everything about one subscription and everything that can be done to it."""

    plan: CurrentPlan
    subscription_id: str
    status: str
    paused: bool
    trial_end: datetime | None
    started_at: datetime
    next_invoice_at: datetime | None
    components: tuple[ComponentRow, ...]
    bookings: tuple[BookingRow, ...]
    timeline: tuple[TimelineRow, ...]
    year: YearStrip | None
    modules: tuple[str, ...]
    moments: tuple[Choice, ...]
    today: date
    terms_until: datetime | None = None
    negotiated: bool = False

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.status == "ended"

    @property
    def ending(self) -> bool:
        """Whether it goes on until an end that is set."""
        return self.plan.ends_at is not None and not self.ended

    @property
    def ahead(self) -> tuple[TimelineRow, ...]:
        """What is scheduled, the earliest first."""
        return tuple(sorted((r for r in self.timeline if r.ahead), key=lambda r: r.at))

    @property
    def past(self) -> tuple[TimelineRow, ...]:
        """What happened, the latest first."""
        return tuple(
            sorted((r for r in self.timeline if not r.ahead), key=lambda r: r.at, reverse=True)
        )
