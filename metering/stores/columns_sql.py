"""Many events as one parameter a column: the cheapest way into PostgreSQL that RLS leaves.

COPY is refused under row-level security. Measured for 1,000 events, reading alone: 6.5 µs an
event from one JSON document, 3.8 from these texts; arrays of the driver are read in 2.5, but
cost 2.5 more to write here than these do.
"""

import secrets
from collections.abc import Sequence

import msgspec

from metering.domain.events import UsageEvent

HASH_BYTES = 32

ARRIVING = f"""
    SELECT n, source, id, type, subject,
        CAST(time AS timestamptz) AS time, CAST(data AS jsonb) AS data,
        substring(
            CAST(:hashes AS bytea)
            FROM {HASH_BYTES} * CAST(n AS integer) - {HASH_BYTES - 1} FOR {HASH_BYTES}
        ) AS hash
    FROM unnest(
        string_to_array(CAST(:sources AS text), CAST(:between AS text)),
        string_to_array(CAST(:ids AS text), CAST(:between AS text)),
        string_to_array(CAST(:types AS text), CAST(:between AS text)),
        string_to_array(CAST(:subjects AS text), CAST(:between AS text), ''),
        string_to_array(CAST(:times AS text), CAST(:between AS text)),
        string_to_array(CAST(:datas AS text), CAST(:between AS text))
    ) WITH ORDINALITY AS event (source, id, type, subject, time, data, n)
    """  # noqa: S608 - built from our own text

_UNIT_SEPARATOR = "\x1f"


def columns(events: Sequence[UsageEvent]) -> dict[str, str | bytes]:
    """Write events, of which there is at least one, as `ARRIVING` reads them."""
    sources = [event.source for event in events]
    ids = [event.id for event in events]
    types = [event.type for event in events]
    subjects = [event.subject or "" for event in events]  # none is an empty text
    between = _separator(sources, ids, types, subjects)
    # JSON spells control characters out, so that neither times nor data hold a separator.
    times = msgspec.json.encode([event.time for event in events])[2:-2].decode()
    return {
        "between": between,
        "sources": between.join(sources),
        "ids": between.join(ids),
        "types": between.join(types),
        "subjects": between.join(subjects),
        "times": times.replace('","', between),
        "datas": between.encode().join([event.data_json for event in events]).decode(),
        "hashes": b"".join([event.body_hash for event in events]),
    }


def _separator(*columns: Sequence[str]) -> str:
    """Find a text that is part of none of these."""
    together = "".join(map("".join, columns))
    if _UNIT_SEPARATOR not in together:
        return _UNIT_SEPARATOR
    while (mark := secrets.token_hex(8)) in together:
        pass
    return f"{_UNIT_SEPARATOR}{mark}{_UNIT_SEPARATOR}"
