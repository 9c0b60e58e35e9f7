"""Events written to files that `metering.sources.files` reads back, digit for digit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import msgspec

from control_plane.runtime.extras import need
from metering.domain.canonical import CANONICAL
from metering.domain.events import TakingBack, UsageEvent

COLUMNS = ("id", "source", "type", "subject", "time", "data", "corrects", "retracts")


class Writer(Protocol):
    """Takes batches of events."""

    def write(self, events: Sequence[UsageEvent]) -> None:
        """Append events, in their order."""


class LinesWriter:
    """One CloudEvent a line; numbers as in the event's canonical JSON."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, events: Sequence[UsageEvent]) -> None:
        """Append one line an event."""
        for event in events:
            named = {name: value for name, value in _row(event).items() if value is not None}
            named["data"] = msgspec.Raw(event.data_json)
            self._file.write(CANONICAL.encode({"specversion": "1.0", **named}) + b"\n")


class ParquetWriter:
    """One row an event. ``data`` is a text of JSON: no number passes through binary floats."""

    def __init__(self, arrow: Any, file: Any, schema: Any) -> None:
        self._arrow, self._file, self._schema = arrow, file, schema

    def write(self, events: Sequence[UsageEvent]) -> None:
        """Append one row group."""
        rows = [_row(event) for event in events]
        self._file.write_table(self._arrow.Table.from_pylist(rows, schema=self._schema))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Open a new file: Parquet where it is called so, lines of JSON otherwise.

    It has its name only once it is whole; one of that name is replaced then.

    Raises:
        ExtraMissing: Parquet is asked for, and the library is not installed.
        OSError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with _parquet(part) if path.suffix == ".parquet" else _lines(part) as writer:
            yield writer
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _lines(path: Path) -> Iterator[Writer]:
    with path.open("wb") as file:
        yield LinesWriter(file)


@contextmanager
def _parquet(path: Path) -> Iterator[Writer]:
    arrow, parquet = need("parquet", "pyarrow"), need("parquet", "pyarrow.parquet")
    kinds = {"time": arrow.timestamp("us", tz="UTC")}
    schema = arrow.schema([(name, kinds.get(name, arrow.string())) for name in COLUMNS])
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        yield ParquetWriter(arrow, file, schema)


def _row(event: UsageEvent) -> dict[str, Any]:
    taken = event.takes_back
    return {
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "data": event.data_json.decode(),
        "corrects": taken.id if taken and taken.kind is TakingBack.CORRECTS else None,
        "retracts": taken.id if taken and taken.kind is TakingBack.RETRACTS else None,
    }
