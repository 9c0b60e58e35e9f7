"""Modules, and the features that they ask about."""

from dataclasses import dataclass
from enum import StrEnum

from control_plane.catalog.domain.words import Text
from control_plane.sdk.features import LEASED, Access, FeatureKind, Mode, OnStale

__all__ = [
    "COUNTED",
    "LEASED",
    "Access",
    "Feature",
    "FeatureKind",
    "Mode",
    "Module",
    "OnStale",
    "Per",
    "ValueType",
]


@dataclass(frozen=True, slots=True)
class Module:
    """An inventory module that can be subscribed to."""

    code: str
    name: Text


COUNTED = frozenset({FeatureKind.METERED, FeatureKind.CONCURRENCY, FeatureKind.SEATS})
"""The kinds that are granted as whole numbers, which add up."""


class ValueType(StrEnum):
    """What a configuration's values are."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    STRING = "string"
    CHOICE = "choice"


class Per(StrEnum):
    """The calendar period that units are counted in, cut in the tenant's time zone."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    EVER = "ever"
    """One period without an end."""


@dataclass(frozen=True, slots=True)
class Feature:
    """Something a module asks about before it goes ahead.

    Metered features count ``per`` a calendar period, or within the last ``rolling_seconds``;
    ``meter`` names the meter whose events say what was used. ``type`` and ``choices`` (from
    the least to the most) belong to configuration. A ``strict`` feature is denied once its
    snapshot is 30 s old; ``max_age_seconds`` sets another age, ``lease_seconds`` how long units
    may be held without asking again.
    """

    code: str
    kind: FeatureKind
    module: str
    name: Text
    per: str | None = None
    strict: bool = False
    rolling_seconds: int | None = None
    mode: Mode = Mode.HARD
    meter: str | None = None
    type: ValueType | None = None
    choices: tuple[str, ...] = ()
    max_age_seconds: int | None = None
    lease_seconds: int | None = None
    access: Access = Access.WRITE
    on_stale: OnStale = OnStale.DENY
