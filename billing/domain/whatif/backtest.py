"""A backtest: the same lives and the same usage under another catalogue's prices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from billing.domain.lines import Versions
from billing.domain.whatif.errors import DayOutOfReach
from billing.domain.whatif.living import Moment
from control_plane.catalog.domain import AddonVersion, Catalog, PlanVersion
from control_plane.kernel.calendar import Period, local_day_start
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.ids import PlanVersionId, TenantId
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import BookAddon, Timeline

_FIRST_YEAR, _LAST_YEAR = 1900, 9000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one tenant's history comes to before and after, in one currency.

    Amounts are those of the lines dated within the period, credit taken off, before coupons,
    promotional credits and tax. ``kept`` names plans and add-ons that the other catalogue does not
    sell so: they stayed as they were.
    """

    tenant_id: TenantId
    customer: str
    before: Money
    after: Money
    kept: tuple[str, ...] = ()

    @property
    def difference(self) -> Money:
        """What the customer would have paid more; negative is less."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Failure:
    """A tenant whose history could not be rated, and why. It is in no sum."""

    tenant_id: TenantId
    customer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """One currency's outcomes added up."""

    before: Money
    after: Money
    dearer: int
    cheaper: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Backtest:
    """Everything a backtest found, the largest differences first."""

    period: Period
    outcomes: tuple[Outcome, ...]
    failures: tuple[Failure, ...] = ()
    cutoff: str = field(default="", compare=False)

    def summaries(self) -> tuple[Summary, ...]:
        """Add the outcomes up, currency by currency."""
        codes = sorted({outcome.before.currency.code for outcome in self.outcomes})
        return tuple(_summary(currency(code), self.outcomes) for code in codes)


def _summary(of: Currency, outcomes: Iterable[Outcome]) -> Summary:
    found = [outcome for outcome in outcomes if outcome.before.currency == of]
    changes = [outcome.difference.minor for outcome in found]
    return Summary(
        before=Money.total((outcome.before for outcome in found), of),
        after=Money.total((outcome.after for outcome in found), of),
        dearer=sum(change > 0 for change in changes),
        cheaper=sum(change < 0 for change in changes),
        unchanged=sum(change == 0 for change in changes),
    )


@dataclass(frozen=True, slots=True)
class Substituted:
    """Lives with other prices under the ids they name; ``kept`` names what stayed as it was."""

    timelines: tuple[Timeline, ...]
    versions: Versions
    kept: tuple[str, ...]


def substitute(
    timelines: tuple[Timeline, ...], versions: Versions, catalog: Catalog
) -> Substituted:
    """Put another catalogue's plans and add-ons in the place of those that lives name.

    A version stays as it was where the catalogue lacks its code, or a price that a life uses.
    Bookings lose the price they were fixed at, so that the other catalogue's counts.
    """
    used = _prices_used(timelines)
    codes = {timeline.currency for timeline in timelines}
    plans = {
        key: _plan(plan, catalog.plans.get(plan.code), used.get(key, set()))
        for key, plan in versions.plans.items()
    }
    addons = {
        key: _addon(addon, catalog.addons.get(addon.code), codes)
        for key, addon in versions.addons.items()
    }
    kept = [versions.plans[key].label for key, new in plans.items() if new is None]
    kept += [versions.addons[key].label for key, new in addons.items() if new is None]
    return Substituted(
        timelines=tuple(map(_repriced, timelines)),
        versions=Versions(
            plans={key: new or versions.plans[key] for key, new in plans.items()},
            addons={key: new or versions.addons[key] for key, new in addons.items()},
        ),
        kept=tuple(sorted(kept)),
    )


def _prices_used(
    timelines: Iterable[Timeline],
) -> Mapping[PlanVersionId, set[tuple[str, str, int]]]:
    used: dict[PlanVersionId, set[tuple[str, str, int]]] = {}
    for timeline in timelines:
        for segment in timeline.segments:
            wanted = (timeline.currency, segment.interval.value, segment.count)
            used.setdefault(segment.plan_version_id, set()).add(wanted)
    return used


def _plan(
    old: PlanVersion, new: PlanVersion | None, used: set[tuple[str, str, int]]
) -> PlanVersion | None:
    if new is None:
        return None
    sold = {(p.currency.code, p.interval.value, p.count) for p in new.prices}
    return replace(new, id=old.id, version=old.version) if used <= sold else None


def _addon(
    old: AddonVersion, new: AddonVersion | None, codes: Iterable[str]
) -> AddonVersion | None:
    if new is None or not set(codes) <= new.prices.keys():
        return None
    return replace(new, id=old.id, version=old.version)


def _repriced(timeline: Timeline) -> Timeline:
    changes = tuple(
        replace(change, action=replace(change.action, price=None))
        if isinstance(change.action, BookAddon)
        else change
        for change in timeline.changes
    )
    return replace(timeline, changes=changes)


def amounts_within(moments: Iterable[Moment], period: Period) -> Mapping[str, Money]:
    """Add up the lines dated within a period, less what was taken back in it, by currency."""
    sums: dict[str, Money] = {}
    for moment in moments:
        if not period.contains(moment.at):
            continue
        amounts = [line.amount for line in moment.lines]
        amounts += [-cut.amount for cut in moment.cuts]
        for amount in amounts:
            known = sums.get(amount.currency.code)
            sums[amount.currency.code] = amount if known is None else known + amount
    return sums


def days_in(first: date, last: date, zone: str) -> Period:
    """Return the days from the first to the last, both included, of a zone.

    Raises:
        UnknownZone: there is no such zone.
        PeriodReversed: the last day is before the first.
        DayOutOfReach: a day is of a year before 1900 or after 9000.
    """
    for name, day in (("first", first), ("last", last)):
        if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise DayOutOfReach(value=day.isoformat(), field=name)
    return Period(local_day_start(first, zone), local_day_start(last + timedelta(days=1), zone))
