"""Files of events read in any form, from any place, always as the same events."""

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from metering.domain.events import IngestStatus, UsageEvent
from metering.sources.chunks import Place
from metering.sources.errors import ColumnMissing, FileUnreadable, TargetUnknown
from metering.sources.files import EventFile, form_of
from metering.sources.shape import Shape

TYPE = "t.shipment"
PLAIN = Shape("/import/x")


@pytest.fixture
def written(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def rows_of(path, shape=PLAIN, start=None, size=2, **more):
    """Return each row's number with what was read of it."""
    form = more.pop("form", None) or form_of(path)
    file = EventFile(path, form, shape, size=size, **more)
    return [
        pair
        for chunk in file.chunks(start or Place())
        for pair in zip(chunk.numbers, chunk.delivered, strict=True)
    ]


def told(rows):
    return [(n, e if isinstance(e, UsageEvent) else (e.status, e.reason)) for n, e in rows]


def events_of(path, shape=PLAIN, **more):
    read = [event for _, event in rows_of(path, shape, **more)]
    assert all(isinstance(event, UsageEvent) for event in read), read
    return read


def reasons_of(path, shape=PLAIN, **more):
    return {
        number: each.reason
        for number, each in rows_of(path, shape, **more)
        if not isinstance(each, UsageEvent)
    }


CSV = (
    "id,type,time,lines,note\n"
    "a,t.shipment,2026-01-10T02:00:00Z,3,\n"
    'b,t.shipment,2026-01-10T03:00:00+08:00,"4","two\nlines, and a comma"\n'
    "c,t.shipment,2026-01-10T02:00:00Z,5,x\n"
)


def test_a_csv_has_attributes_by_name_and_the_rest_as_data(written):
    first, second, third = events_of(written("u.csv", CSV))

    assert (first.source, first.id, first.type) == ("/import/x", "a", TYPE)
    assert first.data == {"lines": "3"}
    assert second.time == datetime(2026, 1, 9, 19, tzinfo=UTC)
    assert second.data == {"lines": "4", "note": "two\nlines, and a comma"}
    assert third.id == "c"


def test_columns_and_constants_are_told(written):
    path = written("u.tsv", "when\tqty\tno\tnoise\n2026-01-10 10:00:00\t7\t1\tz\n")
    shape = Shape(
        "/shop",
        {"time": "when", "data.lines": "qty", "id": "no"},
        {"type": TYPE, "data.region": "east"},
        "Asia/Shanghai",
    )

    (event,) = events_of(path, shape, delimiter="\t")

    assert event.time == datetime(2026, 1, 10, 2, tzinfo=UTC)
    assert event.data == {"lines": "7", "region": "east"}
    assert (event.source, event.id, event.type) == ("/shop", "1", TYPE)


def test_a_row_without_an_id_gets_the_same_one_each_time_and_equal_rows_differ(written):
    path = written("u.csv", "type,time,lines\n" + "t.shipment,2026-01-10T02:00:00Z,3\n" * 3)

    once, again = events_of(path), events_of(path, size=1)

    assert [event.id for event in once] == [event.id for event in again]
    assert len({event.id for event in once}) == 3
    assert once[0].id.startswith("1-")


def test_every_row_that_cannot_be_used_is_told_by_its_number(written):
    text = CSV + "d,t.shipment\n" + "e,,2026-01-10T02:00:00Z,1,\n" + "f,t.shipment,soon,1,\n"
    path = written("u.csv", text.encode() + b"g,t.shipment,2026-01-10T02:00:00Z,1,\xff\n")

    assert reasons_of(path) == {
        4: "row_misshapen",
        5: "attribute_missing",
        6: "time_invalid",
        7: "row_unreadable",
    }


@pytest.mark.parametrize("name", ["u.csv", "u.ndjson", "u.parquet"])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_reading_goes_on_from_the_end_of_any_chunk(written, tmp_path, name, size):
    path = tmp_path / name
    if name == "u.csv":
        written(name, CSV)
    elif name == "u.ndjson":
        written(name, LINES)
    else:
        parquet.write_table(TABLE, path, row_group_size=2)
    file = EventFile(path, form_of(path), PLAIN, size=size)
    whole = told(rows_of(path, size=100))

    read = []
    for chunk in file.chunks(Place()):
        read += told(zip(chunk.numbers, chunk.delivered, strict=True))
        assert read + told(rows_of(path, start=chunk.following, size=size)) == whole
    assert chunk.following.offset == file.extent()


LINES = (
    '{"specversion":"1.0","id":"a","source":"/s","type":"t.shipment",'
    '"time":"2026-01-10T02:00:00Z","data":{"lines":0.1}}\n'
    "\n"
    '{"type":"t.shipment","time":"2026-01-10T02:00:00Z","data":{"lines":2}}\r\n'
    "[1]\n"
    "{broken\n"
    '{"specversion":"1.0","id":"e","source":"/s","type":"t.shipment","data":{}}'
)


def test_lines_are_cloudevents_which_may_leave_out_version_source_and_id(written):
    path = written("u.ndjson", LINES)

    read = dict(rows_of(path))

    assert read[1].data == {"lines": Decimal("0.1")}
    assert (read[3].source, read[3].id[:2]) == ("/import/x", "3-")
    assert reasons_of(path) == {
        4: "event_not_object",
        5: "event_unreadable",
        6: "attribute_missing",
    }


def test_lines_are_rows_where_columns_are_told(written):
    path = written("u.jsonl", '{"at":"2026-01-10T02:00:00Z","n":3,"x":{"y":1}}\n{"n":4}\n')
    shape = Shape("/s", {"time": "at"}, {"type": TYPE})

    assert rows_of(path, shape)[0][1].data == {"n": Decimal(3), "x": {"y": Decimal(1)}}
    assert reasons_of(path, shape) == {2: "attribute_missing"}


def test_a_line_longer_than_any_event_is_refused_and_passed_over(written):
    path = written("u.ndjson", b"x" * 3_000_000 + b"\n" + LINES.encode())

    assert reasons_of(path)[1] == "event_unreadable"
    assert dict(rows_of(path))[2].id == "a"


TABLE = pa.table(
    {
        "id": ["a", "b", "c", "d", None],
        "type": [TYPE] * 5,
        "time": pa.array([datetime(2026, 1, 10, n, tzinfo=UTC) for n in range(5)]),
        "lines": pa.array([Decimal("1.50"), None, Decimal("3.00"), Decimal(4), Decimal(5)]),
        "weight": [0.1, 0.2, None, float("nan"), 1e3],
        "tags": [["x"], [], ["y"], ["z"], None],
    }
)


def test_parquet_keeps_numbers_as_they_are_written(tmp_path):
    path = tmp_path / "u.parquet"
    parquet.write_table(TABLE, path)

    read = dict(rows_of(path))

    assert read[1].data == {"lines": Decimal("1.5"), "weight": Decimal("0.1"), "tags": ["x"]}
    assert read[2].time == datetime(2026, 1, 10, 1, tzinfo=UTC)
    assert reasons_of(path) == {4: "number_out_of_range"}
    assert read[5].id.startswith("5-")


def test_times_of_nanoseconds_and_whole_data_as_text_are_read(tmp_path):
    path = tmp_path / "u.parquet"
    table = pa.table(
        {
            "type": [TYPE],
            "time": pa.array([1_767_000_000_123_456_789], pa.timestamp("ns", "UTC")),
            "data": ['{"lines": 1.10}'],
        }
    )
    parquet.write_table(table, path)

    (event,) = events_of(path)

    assert event.time.microsecond == 123_456
    assert event.data == {"lines": Decimal("1.1")}


def test_what_is_told_wrongly_is_refused_before_anything_is_read(written):
    path = written("u.csv", CSV)
    with pytest.raises(ColumnMissing, match="“when”"):
        rows_of(path, Shape("/s", {"time": "when"}))
    with pytest.raises(TargetUnknown, match="“tme”"):
        Shape("/s", {"tme": "time"})
    with pytest.raises(FileUnreadable):
        rows_of(written("empty.csv", ""))
    with pytest.raises(FileUnreadable):
        rows_of(written("u.parquet", CSV))


def test_refusals_answer_as_the_ingest_does(written):
    ((_, refused),) = rows_of(written("u.ndjson", "{broken"))
    assert refused.status is IngestStatus.REJECTED
