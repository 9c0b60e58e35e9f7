"""What became of events, as the API tells it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from control_plane.kernel.errors import TallyardError
from metering.domain.events import IngestResult
from metering.errors_schema import SchemaBroken
from web.i18n import filled


class EventResult(msgspec.Struct, omit_defaults=True):
    """What became of one event: accepted, duplicate, conflict, quarantined or rejected.

    ``reason`` is a stable code. Where there is one, ``detail`` says what was wrong, in the
    reader's language; of a property that breaks its meter's schema, ``property``, ``value`` and
    ``allowed`` say which, what it held, and what is taken. ``line`` numbers the lines of a
    newline-delimited body from 1.
    """

    source: str | None
    id: str | None
    status: str
    reason: str | None
    detail: str | None = None
    property: str | None = None
    value: str | None = None
    allowed: list[str] | None = None
    line: int | None = None


class EventResults(msgspec.Struct):
    """The results, in the order of the events."""

    results: list[EventResult]


def event_results(results: Sequence[IngestResult], language: str) -> list[EventResult]:
    """Tell what became of each event to a reader of ``language``."""
    return [
        EventResult(r.source, r.id, r.status.value, None)
        if r.refusal is None
        else _with_reason(r, r.refusal, language)
        for r in results
    ]


def _with_reason(result: IngestResult, refusal: TallyardError, language: str) -> EventResult:
    told: dict[str, Any] = {}
    if isinstance(refusal, SchemaBroken):
        names = {"property": "property", "value": "value", "allowed": "known"}
        told = {name: refusal.fields[held] for name, held in names.items()}
    return EventResult(
        source=result.source,
        id=result.id,
        status=result.status.value,
        reason=refusal.code,
        detail=filled(language, refusal.message, refusal.fields),
        **told,
    )
