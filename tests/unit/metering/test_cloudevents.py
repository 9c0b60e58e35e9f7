import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from metering.domain.cloudevents import MOST_DATA_BYTES, MOST_EVENTS, parse_events
from metering.domain.events import IngestResult, IngestStatus, UsageEvent
from metering.errors import BatchTooLarge, EventsUnreadable
from tests.support.usage import cloud_event


def _parse(event) -> UsageEvent | IngestResult:
    (parsed,) = parse_events(event if isinstance(event, bytes) else json.dumps(event).encode())
    return parsed


def _raw(data: str, **changes) -> bytes:
    """A CloudEvent whose data is given as JSON text."""
    return json.dumps(cloud_event(data="@", **changes)).replace('"@"', data).encode()


def test_an_event_is_read_with_every_attribute():
    event = _parse(cloud_event())

    assert (event.source, event.id, event.subject) == ("/instances/ins_1", "evt-1", "outbound")
    assert event.type == "tallyard.outbound.shipment_posted"
    assert event.time == datetime(2026, 1, 9, 12, tzinfo=UTC)
    assert event.data == {"calls": Decimal(1), "lines": Decimal(3), "units": "12"}


def test_a_list_is_read_in_order():
    parsed = parse_events(json.dumps([cloud_event("b"), cloud_event("a")]).encode())

    assert [event.id for event in parsed] == ["b", "a"]


def test_an_empty_list_holds_no_events():
    assert parse_events(b" [] ") == []


def test_every_number_is_exact():
    event = _parse(_raw('{"a": 0.1, "b": 123456789012345678.000000000001, "c": [1e3, -0.0]}'))

    assert event.data == {
        "a": Decimal("0.1"),
        "b": Decimal("123456789012345678.000000000001"),
        "c": [Decimal(1000), Decimal(0)],
    }


@pytest.mark.parametrize(
    "spelling",
    ['{"a":1,"b":2}', '{"b":2,"a":1}', '{ "a" : 1.0, "b": 2 }', '{"a":1e0,"b":0.2e1}'],
)
def test_one_body_has_one_hash_however_it_is_spelt(spelling):
    assert _parse(_raw(spelling)).body_hash == _parse(_raw('{"a":1,"b":2}')).body_hash


def test_the_same_instant_in_another_zone_is_the_same_body():
    here = _parse(cloud_event(time="2026-01-09T20:00:00+08:00"))

    assert here.time == datetime(2026, 1, 9, 12, tzinfo=UTC)
    assert here.body_hash == _parse(cloud_event()).body_hash


def test_a_trace_sent_along_does_not_change_the_body():
    traced = _parse(cloud_event(traceparent="00-aa-bb-01", dataschema="https://example.com/s"))

    assert traced.body_hash == _parse(cloud_event()).body_hash


@pytest.mark.parametrize(
    "change",
    [
        {"source": "/other"},
        {"id": "evt-2"},
        {"type": "other"},
        {"subject": "inbound"},
        {"subject": ...},
        {"time": "2026-01-09T12:00:00.000001Z"},
        {"data": {"calls": 1, "lines": 3, "units": "13"}},
        {"data": {"calls": 1, "lines": 3, "units": 12}},
        {"data": {"calls": True, "lines": 3, "units": "12"}},
    ],
)
def test_whatever_is_kept_is_part_of_the_hash(change):
    assert _parse(cloud_event(**change)).body_hash != _parse(cloud_event()).body_hash


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"specversion": ...}, "attribute_missing", "specversion"),
        ({"specversion": "0.3"}, "specversion_unsupported", "specversion"),
        ({"specversion": 1.0}, "specversion_unsupported", "specversion"),
        ({"source": ...}, "attribute_missing", "source"),
        ({"source": ""}, "attribute_invalid", "source"),
        ({"source": 7}, "attribute_invalid", "source"),
        ({"source": "x" * 256}, "attribute_invalid", "source"),
        ({"id": ...}, "attribute_missing", "id"),
        ({"id": None}, "attribute_missing", "id"),
        ({"id": {"a": 1}}, "attribute_invalid", "id"),
        ({"type": ...}, "attribute_missing", "type"),
        ({"type": ""}, "attribute_invalid", "type"),
        ({"subject": 5}, "attribute_invalid", "subject"),
        ({"subject": ""}, "attribute_invalid", "subject"),
        ({"time": ...}, "attribute_missing", "time"),
        ({"time": "yesterday"}, "time_invalid", "time"),
        ({"time": "2026-02-30T00:00:00Z"}, "time_invalid", "time"),
        ({"time": "2026-01-09T12:00:00"}, "time_invalid", "time"),
        ({"time": 1767960000}, "time_invalid", "time"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "time_invalid", "time"),
        ({"time": "9999-12-31T23:59:59-12:00"}, "time_invalid", "time"),
        ({"data": ...}, "attribute_missing", "data"),
        ({"data": [1]}, "data_not_object", "data"),
        ({"data": "lines=3"}, "data_not_object", "data"),
        ({"datacontenttype": "text/xml"}, "content_type_unsupported", "datacontenttype"),
        ({"datacontenttype": 5}, "event_unreadable", None),
        ({"data": {"x": "y" * MOST_DATA_BYTES}}, "data_too_large", "data"),
        ({"data": {"x": [[[[[[[[1]]]]]]]]}}, "data_too_deep", "data"),
        ({"data": {"x": "a\0b"}}, "text_unusable", None),
        ({"data": {"a\0b": 1}}, "text_unusable", None),
        ({"id": "a\0b"}, "text_unusable", None),
        ({"data": {"x": "\ud800"}}, "text_unusable", None),
        ({"id": "\ud800"}, "text_unusable", None),
    ],
)
def test_a_bad_event_is_rejected_with_its_reason(change, reason, field):
    result = _parse(cloud_event(**change))

    assert isinstance(result, IngestResult)
    assert (result.status, result.reason) == (IngestStatus.REJECTED, reason)
    assert result.refusal.field == field
    assert str(result.refusal)
    assert result.refusal.advice


@pytest.mark.parametrize(
    "number",
    [
        "1e18",
        "1000000000000000000",
        "-1e300",
        "1e999999999999999999999999",
        "1e-999999999999999999999999",
        "0.0000000000001",
        "1" * 70,
        "9" * 5000,
        "0." + "1" * 61,
        "NaN",
        "Infinity",
        "-Infinity",
    ],
)
@pytest.mark.parametrize("place", ['{{"n": {}}}', '{{"n": [1, {{"m": {}}}]}}'])
def test_a_number_beyond_exactness_is_rejected(number, place):
    result = _parse(_raw(place.format(number)))

    assert isinstance(result, IngestResult)
    assert result.reason == "number_out_of_range"
    assert (result.source, result.id) == ("/instances/ins_1", "evt-1")


@pytest.mark.parametrize("number", ["999999999999999999.999999999999", "1e17", "1e-12", "-5"])
def test_a_number_within_exactness_is_taken(number):
    assert _parse(_raw(f'{{"n": {number}}}')).data == {"n": Decimal(number)}


def test_a_backslash_before_u0000_is_text_and_no_nul():
    assert _parse(cloud_event(data={"x": "\\u0000"})).data == {"x": "\\u0000"}


@pytest.mark.parametrize("item", ["5", "null", '"text"', "[]", "true"])
def test_what_is_no_object_is_rejected(item):
    (result,) = parse_events(f"[{item}]".encode())

    assert result == IngestResult(None, None, IngestStatus.REJECTED, result.refusal)
    assert result.reason == "event_not_object"


@pytest.mark.parametrize(
    "spoiler",
    [
        '{"data": {"n": NaN}}',
        '{"data": {"n": 1e99999999999999999999}}',
        '{"id": "\\ud800"}',
        '{"id": 7}',
        "7",
        "9" * 5000,
    ],
)
def test_one_bad_event_does_not_spoil_its_neighbours(spoiler):
    good = json.dumps(cloud_event("good"))
    parsed = parse_events(f"[{good}, {spoiler}, {good}]".encode())

    assert [isinstance(item, UsageEvent) for item in parsed] == [True, False, True]
    assert parsed[0] == parsed[2] == _parse(cloud_event("good"))


def test_results_never_carry_text_that_cannot_be_sent_back():
    result = _parse(cloud_event(source="\ud800", time="\udfff" * 500))

    json.dumps([result.source, result.id, str(result.refusal)], ensure_ascii=False).encode()
    assert len(str(result.refusal)) < 200


@pytest.mark.parametrize(
    "body", [b"", b"   ", b"{", b"[{]", b"\xff\xfe", b'{"a": 01}', b"[" * 100_000, b"{}{}"]
)
def test_a_body_that_is_no_json_is_refused_whole(body):
    with pytest.raises(EventsUnreadable):
        parse_events(body)


def test_a_batch_has_a_bound():
    body = b"[" + b",".join([b"1"] * (MOST_EVENTS + 1)) + b"]"

    with pytest.raises(BatchTooLarge):
        parse_events(body)
