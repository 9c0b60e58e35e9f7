"""Files of events in any of the forms that are read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from metering.sources.chunks import Chunk, Place
from metering.sources.csv_files import read_csv
from metering.sources.ndjson_files import read_ndjson
from metering.sources.parquet_files import count_rows, read_parquet
from metering.sources.shape import Shape

FORMS = ("csv", "ndjson", "parquet")
_BY_ENDING = {
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
}


def form_of(path: Path) -> str | None:
    """Return the form that a file's ending tells."""
    return _BY_ENDING.get(path.suffix.lower())


@dataclass(frozen=True, slots=True)
class EventFile:
    """A file, its form, what its columns mean, and how many rows are read at a time."""

    path: Path
    form: str
    shape: Shape
    delimiter: str = ","
    size: int = 1_000

    def chunks(self, start: Place) -> Iterator[Chunk]:
        """Read from a place on; a place of another run is good while the file is the same."""
        if self.form == "parquet":
            return read_parquet(self.path, self.shape, start=start, size=self.size)
        if self.form == "ndjson":
            return read_ndjson(self.path, self.shape, start=start, size=self.size)
        return read_csv(
            self.path, self.shape, start=start, size=self.size, delimiter=self.delimiter
        )

    def extent(self) -> int:
        """Return the offset at which reading ends: rows of Parquet, bytes of the others."""
        return count_rows(self.path) if self.form == "parquet" else self.path.stat().st_size
