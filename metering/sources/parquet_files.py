"""Events in a Parquet file (the extra ``parquet``)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from control_plane.runtime.extras import need
from metering.sources.chunks import Chunk, Made, Place, chunk_of
from metering.sources.errors import FileUnreadable, RowUnreadable
from metering.sources.shape import Shape


def read_parquet(path: Path, shape: Shape, *, start: Place, size: int) -> Iterator[Chunk]:
    """Read from ``start`` on, ``size`` rows at a time; the offset is the number of rows before.

    Raises:
        ExtraMissing: the library is not installed.
        FileUnreadable: it is no Parquet file.
        ColumnMissing: a column that was named is not there.
    """
    arrow = need("parquet", "pyarrow")
    with _opened(path) as file:
        groups, number = _groups_from(file, start.rows)
        skip = start.rows - number
        make = shape.reader(file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=size, row_groups=groups):
            if skip >= batch.num_rows:
                skip -= batch.num_rows
                number += batch.num_rows
                continue
            rest, number, skip = batch.slice(skip), number + skip, 0
            columns = [_values(arrow, column) for column in rest.columns]
            numbers = list(range(number + 1, number + rest.num_rows + 1))
            number += rest.num_rows
            made: list[Made] = [
                _event(make, n, cells)
                for n, cells in zip(numbers, zip(*columns, strict=True), strict=True)
            ]
            yield chunk_of(numbers, made, Place(number, number))


def count_rows(path: Path) -> int:
    """Return how many rows a file has.

    Raises:
        ExtraMissing: the library is not installed.
        FileUnreadable: it is no Parquet file.
    """
    with _opened(path) as file:
        return int(file.metadata.num_rows)


def _opened(path: Path) -> Any:
    arrow, parquet = need("parquet", "pyarrow"), need("parquet", "pyarrow.parquet")
    try:
        return parquet.ParquetFile(path)
    except arrow.ArrowException as error:
        raise FileUnreadable(file=path.name, form="Parquet", reason=str(error)) from None


def _groups_from(file: Any, rows: int) -> tuple[list[int], int]:
    """Return the row groups that are not wholly passed over, and the rows before them."""
    passed = 0
    for group in range(file.num_row_groups):
        length = file.metadata.row_group(group).num_rows
        if passed + length > rows:
            return list(range(group, file.num_row_groups)), passed
        passed += length
    return [], passed


def _values(arrow: Any, column: Any) -> list[Any]:
    kind = column.type
    if arrow.types.is_timestamp(kind):  # an event's time has microseconds
        column = column.cast(arrow.timestamp("us", kind.tz), safe=False)
    values: list[Any] = column.to_pylist()
    return values


def _event(make: Any, number: int, cells: tuple[Any, ...]) -> Made:
    try:
        made: dict[str, Any] = make(number, cells)
    except (ValueError, TypeError, ArithmeticError) as error:
        return RowUnreadable(reason=str(error))
    return made
