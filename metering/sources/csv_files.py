"""Events in a CSV file with a header (RFC 4180), in UTF-8."""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from metering.sources.chunks import Chunk, Made, Place, chunk_of
from metering.sources.errors import FileUnreadable, RowMisshapen, RowUnreadable
from metering.sources.shape import Shape

_LONGEST_CELL = 1 << 20


class _Lines:
    """The lines of a file as texts, and how many bytes they took so far.

    The reader of CSV asks for a line when it needs one, so after each row the count is where
    the next row begins.
    """

    def __init__(self, stream: BinaryIO, offset: int) -> None:
        self._stream = stream
        self.offset = offset

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._stream.readline(_LONGEST_CELL)
        if not line:
            raise StopIteration
        begins = self.offset == 0
        self.offset += len(line)
        text = line.decode("utf-8", "surrogateescape")
        return text.removeprefix("\ufeff") if begins else text


def read_csv(
    path: Path, shape: Shape, *, start: Place, size: int, delimiter: str = ","
) -> Iterator[Chunk]:
    """Read from ``start`` on, ``size`` rows at a time.

    Raises:
        FileUnreadable: it has no header, or what follows is no CSV.
        ColumnMissing: a column that was named is not there.
    """
    csv.field_size_limit(_LONGEST_CELL)
    with path.open("rb") as stream:
        head = _Lines(stream, 0)
        header = next(_rows(path, head, delimiter), [])
        if not header:
            raise FileUnreadable(file=path.name, form="CSV", reason="it is empty")
        offset = start.offset or head.offset
        stream.seek(offset)
        lines = _Lines(stream, offset)
        make = shape.reader(header)
        numbers: list[int] = []
        made: list[Made] = []
        number = start.rows
        for cells in _rows(path, lines, delimiter):
            number += 1
            if not cells:  # an empty line
                continue
            numbers.append(number)
            made.append(_event(make, header, number, cells))
            if len(made) == size:
                yield chunk_of(numbers, made, Place(lines.offset, number))
                numbers, made = [], []
        if made:
            yield chunk_of(numbers, made, Place(lines.offset, number))


def _rows(path: Path, lines: _Lines, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error as error:
        raise FileUnreadable(file=path.name, form="CSV", reason=str(error)) from None


def _event(
    make: Callable[[int, Sequence[Any]], dict[str, Any]],
    header: Sequence[str],
    number: int,
    cells: Sequence[str],
) -> Made:
    if len(cells) != len(header):
        return RowMisshapen(found=len(cells), wanted=len(header))
    try:
        return make(number, cells)
    except (ValueError, TypeError, ArithmeticError) as error:
        return RowUnreadable(reason=str(error))
