"""Reads a measurement back from a manifest, of either format."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from control_plane.catalog.domain import Aggregation, Filter, Meter, Text
from control_plane.kernel.calendar import Period, parse_instant


@dataclass(frozen=True, slots=True)
class RecordedUsage:
    """What was asked of the usage store, and what it answered, as the manifest says."""

    key: str
    meter: Meter
    period: Period
    cutoff: str
    since: str | None
    quantity: str
    events: int
    digest: str


def recorded_usage(manifest: Mapping[str, Any]) -> dict[str, RecordedUsage]:
    """Return the measurements by item key; by line key, of format 1."""
    return {
        said["key"]: RecordedUsage(
            key=said["key"],
            meter=read_meter(said["meter"]),
            period=Period(parse_instant(said["start"]), parse_instant(said["end"])),
            # Format 1 had one look for all lines.
            cutoff=said.get("cutoff", manifest["cutoff"]),
            since=said["since"],
            quantity=said["quantity"],
            events=said["events"],
            digest=said["digest"],
        )
        for said in manifest["usage"]
    }


def read_meter(said: Mapping[str, Any]) -> Meter:
    """Return a meter as it was defined."""
    return Meter(
        code=said["code"],
        event_type=said["event_type"],
        aggregation=Aggregation(said["aggregation"]),
        property=said["property"],
        module=said["module"],
        unit=Text(**said["unit"]),
        name=Text(**said["name"]),
        amount_property=said.get("amount_property"),
        filters=tuple(
            Filter(property=f["property"], values=tuple(f["values"]), exclude=f["exclude"])
            for f in said.get("filters", ())
        ),
    )
