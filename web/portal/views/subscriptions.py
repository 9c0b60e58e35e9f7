"""Plans, previews, seasons and entitlements as the pages show them."""

from dataclasses import dataclass
from datetime import datetime

from control_plane.kernel.money import Money
from control_plane.kernel.period import Period
from web.portal.charts import YearStrip
from web.portal.views.grants import SourceRow
from web.portal.views.whatif import ComparisonView


@dataclass(frozen=True, slots=True)
class LimitLine:
    """What a plan or add-on grants of a feature, such as 150 orders a day."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """What usage costs, in words: ``CNY 0.05 for each further line``."""

    name: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PriceOption:
    """A plan's price: ``cycle`` is the key of how often it is paid, ``per`` says so in words.

    ``fee`` is what every period costs, whatever is used; ``charges`` are all that comes on
    top, and ``notes`` hold for all of it together.
    """

    cycle: str
    per: str
    fee: Money
    charges: tuple[ChargeLine, ...]
    current: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanCard:
    """A plan on offer; ``extras`` are what it holds besides whole modules and limits."""

    code: str
    version: int
    name: str
    modules: tuple[str, ...]
    extras: tuple[str, ...]
    limits: tuple[LimitLine, ...]
    prices: tuple[PriceOption, ...]
    current: bool = False
    trial_days: int = 0


@dataclass(frozen=True, slots=True)
class CurrentPlan:
    """The plan in force; ``next_name`` and ``next_at`` when a change is already booked."""

    subscription_id: str
    name: str
    interval: str
    fee: Money
    period: Period
    status: str
    next_name: str | None = None
    next_at: datetime | None = None
    ends_at: datetime | None = None
    paused: bool = False
    trial_end: datetime | None = None

    @property
    def state(self) -> str:
        """The word for how it stands: paused and on trial before anything else."""
        if self.paused:
            return "paused"
        return "trial" if self.trial_end is not None else self.status


@dataclass(frozen=True, slots=True)
class PlansView:
    """All plans on offer beside the subscriptions held; ``changing`` is the one to be changed.

    ``cycles`` are key and name of how often prices are paid; ``interval`` is the key shown.
    ``comparison`` is what each plan would have cost, once there is a whole month to go by.
    """

    plans: tuple[PlanCard, ...]
    interval: str
    cycles: tuple[tuple[str, str], ...] = ()
    held: tuple[CurrentPlan, ...] = ()
    changing: str | None = None
    comparison: ComparisonView | None = None

    @property
    def chosen(self) -> CurrentPlan | None:
        """The subscription that choosing a plan would change, when there is one."""
        return next((plan for plan in self.held if plan.subscription_id == self.changing), None)

    @property
    def modules(self) -> tuple[str, ...]:
        """Every module that some plan holds, in the order of the plans."""
        return tuple(dict.fromkeys(name for plan in self.plans for name in plan.modules))

    @property
    def extra_names(self) -> tuple[str, ...]:
        """Every extra that any plan holds, once, in order."""
        return tuple(dict.fromkeys(extra for plan in self.plans for extra in plan.extras))

    @property
    def limit_names(self) -> tuple[str, ...]:
        """Every limit that some plan carries, in the order of the plans."""
        return tuple(dict.fromkeys(line.name for plan in self.plans for line in plan.limits))


@dataclass(frozen=True, slots=True)
class AddonCard:
    """A seasonal add-on and its next window; ``state`` is open, booked, active or unavailable.

    ``notes`` say what booking it commits to.
    """

    code: str
    name: str
    season: str
    window: Period
    grants: tuple[LimitLine, ...]
    price: Money
    state: str
    requires: tuple[str, ...] = ()
    subscription_id: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddonsView:
    """The seasons ahead."""

    addons: tuple[AddonCard, ...]
    year: YearStrip
    past: tuple[AddonCard, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowRow:
    """One stretch of time during which a feature is granted."""

    start: datetime
    end: datetime | None
    value: str
    sources: tuple[SourceRow, ...]
    now: bool


@dataclass(frozen=True, slots=True)
class EntitlementRow:
    """A feature and its windows; ``later`` are those that few people want to see at once."""

    code: str
    name: str
    windows: tuple[WindowRow, ...]
    later: tuple[WindowRow, ...] = ()


@dataclass(frozen=True, slots=True)
class EntitlementsView:
    """What the modules are told: the snapshot's features and its revision."""

    rows: tuple[EntitlementRow, ...]
    revision: int
    issued_at: datetime | None
