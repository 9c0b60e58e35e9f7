"""A line that is due: what it is for, the time it pays for, and what will price it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.rating.v2026_1.proration import DayShare
from control_plane.catalog.domain import AddonVersion, Charge, PlanVersion, Text
from control_plane.kernel.calendar import Period
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import AddonVersionId, PlanVersionId, SubscriptionId
from control_plane.kernel.money import Money


class LineKind(StrEnum):
    """What a line is for, in the order in which an invoice lists them."""

    USAGE = "usage"
    CREDIT = "credit"
    CHARGE = "charge"
    FEE = "fee"
    ADDON = "addon"


ORDER = {kind: place for place, kind in enumerate(LineKind)}


@dataclass(frozen=True, slots=True)
class Versions:
    """The plan and add-on versions that timelines name."""

    plans: Mapping[PlanVersionId, PlanVersion]
    addons: Mapping[AddonVersionId, AddonVersion]


@dataclass(frozen=True, slots=True)
class DueLine:
    """One thing owed at ``due_at``, not yet priced.

    A fee has ``fee``, the price of a whole period; a usage line has ``usage``, the charge to price
    the meter's quantity by. ``service`` is the time paid for, ``share`` its part of the period.
    ``follows`` is the key of the usage line that ended where this one starts, on the same meter.
    """

    key: str
    kind: LineKind
    due_at: datetime
    subscription_id: SubscriptionId
    version_id: UUID
    item: str
    item_name: Text
    charge_code: str
    name: Text
    currency: Currency
    zone: str
    service: Period
    share: DayShare
    fee: Money | None = None
    usage: Charge | None = None
    follows: str | None = None

    @property
    def meter(self) -> str:
        """The code of the meter that a usage line prices; empty for others."""
        return (self.usage.meter or "") if self.usage is not None else ""
