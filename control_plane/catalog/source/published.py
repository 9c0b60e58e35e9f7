"""Protects what was sold: published definitions stay, and keep their meaning."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from control_plane.catalog.definitions import Definitions
from control_plane.catalog.domain import Feature, Meter
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault

Definition = TypeVar("Definition")


def check_published(
    root: Cursor, sections: Mapping[str, Cursor], now: Definitions, before: Definitions
) -> None:
    """Report definitions that were published and are gone, or mean something else.

    Plan versions already sold refer to them for as long as they are billed.
    """
    _check(root, sections, "modules", before.modules, now.modules, lambda _: {})
    _check(root, sections, "features", before.features, now.features, _feature_meaning)
    _check(root, sections, "meters", before.meters, now.meters, _meter_meaning)


def _check(
    root: Cursor,
    sections: Mapping[str, Cursor],
    section: str,
    before: Mapping[str, Definition],
    now: Mapping[str, Definition],
    meaning: Callable[[Definition], Mapping[str, object]],
) -> None:
    places = _places(sections.get(section))
    for code, old in before.items():
        if code not in now:
            place = sections.get(section, root)
            place.report(Fault.DEFINITION_REMOVED, what=section.removesuffix("s"), value=code)
            continue
        new = meaning(now[code])
        for what, value in meaning(old).items():
            if new[what] != value:
                places[code].report(Fault.MEANING_CHANGED, value=code, what=what)


def _places(section: Cursor | None) -> Mapping[str, Cursor]:
    return {item.peek("code"): item for item in section.items()} if section else {}


def _feature_meaning(feature: Feature) -> Mapping[str, object]:
    return {
        "kind": feature.kind,
        "module": feature.module,
        "per": feature.per,
        "rolling": feature.rolling_seconds,
        "type": feature.type,
    }


def _meter_meaning(meter: Meter) -> Mapping[str, object]:
    return {
        "event_type": meter.event_type,
        "aggregation": meter.aggregation,
        "property": meter.property,
        "amount_property": meter.amount_property,
        "filters": meter.filters,
        "module": meter.module,
    }
