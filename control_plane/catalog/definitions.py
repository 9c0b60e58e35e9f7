"""A catalogue's definitions (modules, features, meters, seasons) as JSON, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from control_plane.catalog.charge_codec import filters_body, filters_from_body
from control_plane.catalog.codec import text_body
from control_plane.catalog.domain import (
    Aggregation,
    Catalog,
    Feature,
    LatePolicy,
    Meter,
    Module,
    Property,
    PropertyType,
    Text,
)
from control_plane.catalog.feature_codec import feature_body, feature_from_body
from control_plane.kernel.calendar import Period, instant_text, parse_instant
from control_plane.kernel.seasons import SEASONS, AnySeason, CustomSeason


@dataclass(frozen=True, slots=True)
class Definitions:
    """What plans and add-ons are made of, keyed by code."""

    modules: Mapping[str, Module]
    features: Mapping[str, Feature]
    meters: Mapping[str, Meter]
    seasons: Mapping[str, AnySeason]


def definitions_of(catalog: Catalog) -> Definitions:
    """Return the definitions of a catalogue."""
    return Definitions(catalog.modules, catalog.features, catalog.meters, catalog.seasons)


def definitions_body(catalog: Catalog) -> dict[str, Any]:
    """Return the definitions as lists in the file's order; built-in seasons are left out."""
    return {
        "modules": [
            {"code": module.code, "name": text_body(module.name)}
            for module in catalog.modules.values()
        ],
        "features": [feature_body(feature) for feature in catalog.features.values()],
        "meters": [meter_body(meter) for meter in catalog.meters.values()],
        "seasons": [
            season_body(season)
            for season in catalog.seasons.values()
            if isinstance(season, CustomSeason)
        ],
    }


def meter_body(meter: Meter) -> dict[str, Any]:
    """Return a meter's definition; what is at its default is left out."""
    body: dict[str, Any] = {
        "code": meter.code,
        "event_type": meter.event_type,
        "aggregation": meter.aggregation.value,
        "property": meter.property,
        "module": meter.module,
        "unit": text_body(meter.unit),
        "name": text_body(meter.name),
    }
    if meter.amount_property is not None:
        body["amount_property"] = meter.amount_property
    if meter.filters:
        body["filters"] = filters_body(meter.filters)
    if meter.late is not LatePolicy.CURRENT_PERIOD:
        body["late"] = meter.late.value
    if meter.late_days is not None:
        body["late_days"] = meter.late_days
    if meter.properties:
        body["properties"] = [_property_body(rule) for rule in meter.properties]
    if meter.dimensions:
        body["dimensions"] = list(meter.dimensions)
    return body


def _property_body(rule: Property) -> dict[str, Any]:
    # "code" names it among the others where two catalogues are compared.
    body: dict[str, Any] = {"code": rule.name, "type": rule.type.value}
    if rule.values:
        body["values"] = list(rule.values)
    if rule.required:
        body["required"] = True
    return body


def season_body(season: CustomSeason) -> dict[str, Any]:
    """Return the definition of a season of the catalogue's own, its windows in UTC."""
    return {
        "code": season.code,
        "name": {"en": season.name_en, "zh": season.name_zh},
        "zone": season.zone,
        "windows": [
            {"start": instant_text(window.start), "end": instant_text(window.end)}
            for window in season.windows
        ],
    }


def definitions_from_body(body: Any) -> Definitions:
    """Read back what `definitions_body` wrote, the built-in seasons added."""
    seasons = [_season(season) for season in body["seasons"]]
    return Definitions(
        modules={m["code"]: Module(m["code"], Text(**m["name"])) for m in body["modules"]},
        features={f["code"]: feature_from_body(f) for f in body["features"]},
        meters={m["code"]: meter_from_body(m) for m in body["meters"]},
        seasons={**SEASONS, **{season.code: season for season in seasons}},
    )


def meter_from_body(body: Any) -> Meter:
    """Read back what `meter_body` wrote."""
    return Meter(
        code=body["code"],
        event_type=body["event_type"],
        aggregation=Aggregation(body["aggregation"]),
        property=body["property"],
        module=body["module"],
        unit=Text(**body["unit"]),
        name=Text(**body["name"]),
        amount_property=body.get("amount_property"),
        filters=filters_from_body(body.get("filters", ())),
        late=LatePolicy(body.get("late", LatePolicy.CURRENT_PERIOD)),
        late_days=body.get("late_days"),
        properties=tuple(_property(rule) for rule in body.get("properties", ())),
        dimensions=tuple(body.get("dimensions", ())),
    )


def _property(body: Any) -> Property:
    return Property(
        name=body["code"],
        type=PropertyType(body["type"]),
        values=tuple(body.get("values", ())),
        required=body.get("required", False),
    )


def _season(body: Any) -> CustomSeason:
    return CustomSeason(
        code=body["code"],
        name_en=body["name"]["en"],
        name_zh=body["name"]["zh"],
        zone=body["zone"],
        windows=tuple(
            Period(parse_instant(window["start"]), parse_instant(window["end"]))
            for window in body["windows"]
        ),
    )
