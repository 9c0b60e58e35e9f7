"""Events in a file of lines of JSON."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from metering.domain.cloudevents import Delivered
from metering.domain.events import UsageEvent
from metering.domain.lines import parse_lines
from metering.sources.chunks import Chunk, Made, Place, chunk_of
from metering.sources.errors import RowUnreadable
from metering.sources.shape import Shape

_LONGEST_LINE = 1 << 20
_object = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def read_ndjson(path: Path, shape: Shape, *, start: Place, size: int) -> Iterator[Chunk]:
    """Read from ``start`` on, ``size`` lines at a time.

    A line is a CloudEvent, or, with a shape that tells more, an object whose members are read as
    the columns of a table are. What a CloudEvent lacks of version, source and id is completed.
    """
    with path.open("rb") as stream:
        stream.seek(start.offset)
        offset, number = start.offset, start.rows
        numbers: list[int] = []
        lines: list[bytes] = []
        while line := stream.readline(_LONGEST_LINE):
            offset += len(line)
            if not line.endswith(b"\n"):
                offset += _skip_line(stream, line)
            number += 1
            if line.strip():
                numbers.append(number)
                lines.append(line.rstrip(b"\r\n"))
            if len(lines) == size:
                yield _chunk(shape, numbers, lines, Place(offset, number))
                numbers, lines = [], []
        if lines:
            yield _chunk(shape, numbers, lines, Place(offset, number))


def _skip_line(stream: BinaryIO, line: bytes) -> int:
    """Pass over the rest of a line that is longer than any event; return its length."""
    passed = 0
    while len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
        line = stream.readline(_LONGEST_LINE)
        passed += len(line)
    return passed


def _chunk(shape: Shape, numbers: list[int], lines: list[bytes], following: Place) -> Chunk:
    if not shape.plain:
        made = [_shaped(shape, n, line) for n, line in zip(numbers, lines, strict=True)]
        return chunk_of(numbers, made, following)
    delivered = parse_lines(b"\n".join(lines)).delivered
    read = [
        each if isinstance(each, UsageEvent) else _completed(shape, n, line, each)
        for n, line, each in zip(numbers, lines, delivered, strict=True)
    ]
    return Chunk(numbers, lines, read, following)


def _completed(shape: Shape, number: int, line: bytes, refused: Delivered) -> Delivered:
    """Read a line once more with what a CloudEvent of a file may leave out."""
    try:
        found = _object.decode(line)
    except (ValueError, ArithmeticError):
        return refused
    if {"id", "source", "specversion"} <= found.keys():
        return refused
    completed = shape.event(number, found)
    [event] = chunk_of([number], [completed], Place()).delivered
    return event


def _shaped(shape: Shape, number: int, line: bytes) -> Made:
    try:
        found = _object.decode(line)
        absent = dict.fromkeys(shape.columns.values())  # a line may lack what another one has
        flat = absent | found
        return shape.reader(list(flat))(number, list(flat.values()))
    except (ValueError, TypeError, ArithmeticError) as error:
        return RowUnreadable(reason=str(error))
