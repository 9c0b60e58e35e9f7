"""The period that a quota counts in: pure, and the same for the server and every instance."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from control_plane.kernel.calendar import as_utc, load_zone, local_date, local_day_start
from control_plane.sdk.features import FeatureGrant

_DAY = timedelta(days=1)
_CLOCK = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class QuotaPeriod:
    """What a quota counts in: two instants with the same ``key`` count together.

    Half-open, in UTC. ``ever`` has neither start nor end; a rolling window starts its length
    before the instant that was asked for, and has no end of its own.
    """

    key: str
    start: datetime | None
    end: datetime | None


EVER = QuotaPeriod("ever", None, None)


def quota_period(grant: FeatureGrant, zone: str, at: datetime) -> QuotaPeriod:
    """Return the period of a feature that an instant falls into, cut in the tenant's zone.

    Minutes and hours follow the zone's offset at the instant, and so stay apart where a clock set
    back repeats them. What counts neither per interval nor over a rolling window counts for ever.

    Raises:
        UnknownZone: see ``load_zone``.
        NaiveInstant: ``at`` carries no zone.
    """
    at = as_utc(at)
    if grant.rolling_seconds is not None:
        start = at - timedelta(seconds=grant.rolling_seconds)
        return QuotaPeriod(f"rolling:{grant.rolling_seconds}", start, None)
    per = grant.per or "ever"
    if per == "ever":
        return EVER
    if per in _CLOCK:
        return _clock_period(per, zone, at)
    day = local_date(at, zone)
    label, first, following = _calendar(per, day)
    start, end = local_day_start(first, zone), local_day_start(following, zone)
    return QuotaPeriod(f"{per}:{label}", start, end)


def _clock_period(per: str, zone: str, at: datetime) -> QuotaPeriod:
    local = at.astimezone(load_zone(zone)).replace(second=0, microsecond=0)
    if per == "hour":
        local = local.replace(minute=0)
    offset = at.astimezone(load_zone(zone)).utcoffset() or timedelta(0)
    start = (local.replace(tzinfo=None) - offset).replace(tzinfo=UTC)
    text = f"{local:%H}" if per == "hour" else f"{local:%H:%M}"
    return QuotaPeriod(
        f"{per}:{local:%Y-%m-%d}T{text}{_offset_text(offset)}", start, start + _CLOCK[per]
    )


def _offset_text(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _calendar(per: str, day: date) -> tuple[str, date, date]:
    """Return an interval's label, its first day, and the first day of the next."""
    if per == "day":
        return day.isoformat(), day, day + _DAY
    if per == "week":
        monday = day - _DAY * day.weekday()
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}", monday, monday + 7 * _DAY
    months = _MONTHS[per]
    month = (day.month - 1) // months * months + 1
    first = day.replace(month=month, day=1)
    years, past = divmod(month - 1 + months, 12)
    following = date(day.year + years, past + 1, 1)
    labels = {
        "month": f"{day.year:04}-{day.month:02}",
        "quarter": f"{day.year:04}-Q{(day.month + 2) // 3}",
        "year": f"{day.year:04}",
    }
    return labels[per], first, following
