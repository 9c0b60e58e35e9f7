"""Reads modules, features, meters and seasons."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from control_plane.catalog.definitions import Definitions
from control_plane.catalog.domain import FeatureKind, Module
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.catalog.source.features import read_features
from control_plane.catalog.source.meters import read_meters
from control_plane.catalog.source.words import Codes, read_name
from control_plane.kernel.calendar import Period, UnknownZone, load_zone, resolve_local
from control_plane.kernel.seasons import SEASONS, CustomSeason


def read_definitions(sections: Mapping[str, Cursor]) -> Definitions:
    """Read the four sections that plans and add-ons refer to."""
    modules = _read_modules(_items(sections, "modules"))
    meters = read_meters(_items(sections, "meters"), modules)
    features = read_features(_items(sections, "features"), modules, meters)
    for cursor in _items(sections, "modules"):
        code = cursor.peek("code")
        own = features.get(code)
        if code in modules and (own is None or own.kind is not FeatureKind.BOOLEAN):
            cursor.report(Fault.MODULE_WITHOUT_FEATURE, value=code)
    return Definitions(
        modules=modules,
        features=features,
        meters=meters,
        seasons={**SEASONS, **_read_seasons(_items(sections, "seasons"))},
    )


def _items(sections: Mapping[str, Cursor], name: str) -> list[Cursor]:
    return sections[name].items() if name in sections else []


def _read_modules(items: Iterable[Cursor]) -> dict[str, Module]:
    codes = Codes()
    modules = []
    for item in items:
        fields = item.fields(required=("code", "name"))
        modules.append(Module(codes.take(fields.get("code")), read_name(fields.get("name"))))
    return {module.code: module for module in modules if module.code}


def _read_seasons(items: Iterable[Cursor]) -> dict[str, CustomSeason]:
    codes = Codes()
    seasons = {}
    for item in items:
        season = _read_season(item, codes)
        if season is not None:
            seasons[season.code] = season
    return seasons


def _read_season(item: Cursor, codes: Codes) -> CustomSeason | None:
    """Read one season, None when anything is wrong with it: the kernel's refuses bad windows."""
    known = len(item.problems)
    fields = item.fields(required=("code", "name", "zone", "windows"))
    code = codes.take(fields.get("code"))
    if code in SEASONS:
        fields["code"].report(Fault.BUILT_IN_SEASON, value=code)
    name = read_name(fields.get("name"))
    zone = _read_zone(fields.get("zone"))
    windows = _read_windows(fields.get("windows"), zone)
    if len(item.problems) > known:
        return None
    return CustomSeason(code, name.en, name.zh, zone, windows)


def _read_zone(cursor: Cursor | None) -> str:
    if cursor is None:
        return "UTC"
    try:
        load_zone(cursor.raw)
    except UnknownZone:
        cursor.report(Fault.UNKNOWN_ZONE, value=cursor.raw)
        return "UTC"
    return cursor.raw


def _read_windows(cursor: Cursor | None, zone: str) -> tuple[Period, ...]:
    windows: list[Period] = []
    for item in cursor.items(empty=False) if cursor else ():
        fields = item.fields(required=("start", "end"))
        start = _read_instant(fields.get("start"), zone)
        end = _read_instant(fields.get("end"), zone)
        if start is None or end is None:
            continue
        if end <= start:
            item.report(Fault.BAD_WINDOW)
            continue
        if windows and start < windows[-1].end:
            item.report(Fault.WINDOWS_OVERLAP)
        windows.append(Period(start, end))
    return tuple(windows)


def _read_instant(cursor: Cursor | None, zone: str) -> datetime | None:
    wall = cursor.local_time() if cursor else None
    return None if wall is None else resolve_local(wall, zone)
