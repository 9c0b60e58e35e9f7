"""An item: one thing owed for one stretch of time, with a key that is stable for life."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from billing.domain.owing.shares import WHOLE, Share
from billing.domain.pricing import Step
from control_plane.catalog.domain import STANDARD, Charge, Text
from control_plane.catalog.policies import DEFAULTS, Policies
from control_plane.kernel.calendar import Period
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import SubscriptionId
from control_plane.kernel.money import Money


class LineKind(StrEnum):
    """What a line is for, in the order in which an invoice lists them."""

    USAGE = "usage"
    FEE = "fee"
    COMMITMENT = "commitment"
    ADDON = "addon"
    DEPOSIT = "deposit"
    CANCELLATION = "cancellation"


ORDER = {kind: place for place, kind in enumerate(LineKind)}


@dataclass(frozen=True, slots=True)
class FeePart:
    """What one state owes of a fee: ``whole`` (major units) a period, times its ``share``.

    ``whole`` is the price of ``quantity`` for all of the period, which ``steps`` explain; ``least``
    what its minimum alone would come to.
    """

    span: Period
    share: Share
    quantity: Decimal
    whole: Fraction
    steps: tuple[Step, ...] = ()
    least: Fraction = Fraction(0)

    @property
    def exact(self) -> Fraction:
        """What it comes to, in major units."""
        return self.whole * self.share.fraction


@dataclass(frozen=True, slots=True)
class Item:
    """One thing owed from ``due_at`` on, not yet priced.

    Nothing that takes effect at or after ``until`` can change it. ``service`` is the time paid
    for, ``period`` the one around it, ``share`` how much of that it is.

    A fee has ``fee_parts``; what is owed is their sum. Usage has ``usage``, the charge that prices
    the meter's events of ``measure``; that price is cumulative, so what ``counts`` (keys of other
    items) was owed before is taken off; unless ``final``, volume prices and minimums wait.
    A commitment has ``fee_parts`` too, and owes what the items it ``counts`` fall short of them;
    ``tops_up`` are the tax categories of those items, one each.
    An add-on's amount is ``fixed``, because deposit and rest have to add up to it.
    ``follows`` is the key of the usage item before it on the same meter: its late events are ours.
    """

    key: str
    kind: LineKind
    due_at: datetime
    until: datetime
    subscription_id: SubscriptionId
    version_id: UUID
    item: str
    item_name: Text
    charge_code: str
    name: Text
    currency: Currency
    zone: str
    period: Period
    service: Period
    share: Share = WHOLE
    fee_parts: tuple[FeePart, ...] = ()
    usage: Charge | None = None
    measure: Period | None = None
    final: bool = True
    follows: str | None = None
    counts: tuple[str, ...] = ()
    tops_up: tuple[str, ...] = ()
    fixed: Money | None = None
    tax_category: str = STANDARD
    tax_inclusive: bool = False
    discountable: bool = True
    policies: Policies = DEFAULTS

    @property
    def meter(self) -> str:
        """The code of the meter that a usage item prices; empty for others."""
        return (self.usage.meter or "") if self.usage is not None else ""

    @property
    def progressive(self) -> bool:
        """Whether it grows while its period is under way, so that parts can be billed early."""
        return self.usage is not None

    def so_far(self, at: datetime) -> "Item":
        """Return a usage item with what it measures up to ``at`` only, its period still open."""
        if self.measure is None or not self.measure.start < at < self.service.end:
            return self
        return replace(
            self,
            service=Period(min(self.service.start, at), at),
            measure=Period(self.measure.start, at),
            final=False,
        )
