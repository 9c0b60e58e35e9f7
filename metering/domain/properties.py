"""Properties of an event's data, as the texts that filters and groups compare."""

from collections.abc import Sequence
from decimal import Decimal

from control_plane.catalog.domain import Filter
from metering.domain.events import UsageEvent


def text_of(event: UsageEvent, name: str) -> str | None:
    """Return a property as text: numbers and booleans as JSON writes them, None for the rest."""
    value = event.data.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if isinstance(value, str) else None


def passes(event: UsageEvent, filters: Sequence[Filter]) -> bool:
    """Tell whether an event passes every filter."""
    return all((text_of(event, f.property) in f.values) != f.exclude for f in filters)
