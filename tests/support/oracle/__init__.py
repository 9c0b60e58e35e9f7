"""What is owed, the slow and plain way: day by day, and minute by minute on days of change.

It is independent of the engine where the engine is intricate. From the recorded changes it asks
of every single slot of time (a local day; by the second, a whole day on which nothing changes and
every minute of a day on which something does, as no test names a finer instant) what held in it,
and adds up what a slot of that state costs. It imports none of the engine's states, shares, pieces,
items, proration, rounding of lines or convergence.

What it does share has properties of its own: the kernel's calendar and money, the catalogue's
values, the price of one whole fee (`price_fee`) and of a quantity (`price_usage`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing.domain.lines import Versions
from control_plane.catalog.policies import DEFAULTS, Choices
from control_plane.kernel.calendar import Period
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import BookAddon, Timeline
from tests.support.oracle.fees import Fees, Shop
from tests.support.oracle.others import addon_owed, commitments
from tests.support.oracle.slots import Slot
from tests.support.oracle.states import History
from tests.support.oracle.usage import Arrears

Event = tuple[datetime, Decimal]


@dataclass(frozen=True)
class Line:
    """What one charge of a plan owes (major units) for a period.

    ``stretch`` are the first and the last instant of it that are known to be its; None for fees in
    advance, which have slots of the very states that they are for.
    """

    label: str
    code: str
    period: Period
    exact: Fraction
    stretch: tuple[datetime, datetime] | None = None

    def counts(self, period: Period, slots: Sequence[Slot]) -> bool:
        """Whether it counts for what is committed to in some slots of a period."""
        if self.stretch is None:
            return self.period == period
        if self.period.end != period.end:
            return False
        first, last = self.stretch
        return any(slot.start <= last and first < slot.end for slot in slots)


class Oracle:
    """Says what a timeline owes at an instant, by a tenant's choices and its events."""

    def __init__(
        self,
        timeline: Timeline,
        versions: Versions,
        choices: Choices,
        events: Sequence[Event],
        at: datetime,
    ) -> None:
        self.history, self.policies = History(timeline, at), DEFAULTS.over(choices)
        self.versions, self.at, self.unit = versions, at, currency(timeline.currency)
        shop = Shop(versions.plans, timeline.currency, self.policies)
        self.fees = Fees(self.history, shop, self.policies, at)
        self.arrears = Arrears(self.fees, [event for event in events if event[0] <= at])

    def lines(self) -> Iterator[Line]:
        """Everything that is owed but add-ons and true-ups."""
        for (label, code, period), exact in self.fees.owed().items():
            yield Line(label, code, period, exact)
        for key, exact in self.arrears.owed().items():
            code, _, reign, period = key
            stretch = self.arrears.stretches.get(key)
            yield Line(self.arrears.labels[reign], code, period, exact, stretch)

    def by_charge(self) -> dict[str, int]:
        """Net minor units owed per charge code (add-ons by theirs), zeros left out."""
        totals: dict[str, int] = {}
        lines: list[tuple[Line, int]] = []

        def add(code: str, exact: Fraction) -> int:
            minor = Money.rounded(exact, self.unit).minor
            totals[code] = totals.get(code, 0) + minor
            return minor

        lines.extend((line, add(line.code, line.exact)) for line in self.lines())

        def come_to(label: str, period: Period, slots: Sequence[Slot]) -> int:
            return sum(
                minor for line, minor in lines if line.label == label and line.counts(period, slots)
            )

        for exact in commitments(self.fees, come_to).values():
            add("commitment", exact)
        for change in self.history.changes:
            if isinstance(change.action, BookAddon):
                addon = self.versions.addons[change.action.addon_version_id]
                owed = addon_owed(self.history, change, addon, self.policies, self.at)
                add(addon.code, owed.major)
        return {code: minor for code, minor in totals.items() if minor}

    def exact_by_charge(self) -> dict[str, Fraction]:
        """What fees and usage come to per charge code before any rounding, in minor units."""
        totals: dict[str, Fraction] = {}
        for line in self.lines():
            minor = line.exact * self.unit.minor_per_major
            totals[line.code] = totals.get(line.code, Fraction(0)) + minor
        return totals


def owed_by_charge(
    timeline: Timeline,
    versions: Versions,
    choices: Choices,
    events: Sequence[Event],
    at: datetime,
) -> dict[str, int]:
    """Net minor units owed per charge code (add-ons by theirs) at an instant, zeros left out."""
    return Oracle(timeline, versions, choices, events, at).by_charge()
