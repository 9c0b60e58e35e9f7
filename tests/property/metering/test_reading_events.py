import json
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from metering.domain.cloudevents import parse_data, parse_events
from metering.domain.events import IngestResult, UsageEvent
from metering.errors import EventsUnreadable
from tests.support.usage import cloud_event

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.from_regex(r"\\u0000|\x00|\ud800", fullmatch=True),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)

EVENTS = st.builds(
    lambda changes, id_: cloud_event(id_, **changes),
    st.dictionaries(
        st.sampled_from(["specversion", "source", "id", "type", "subject", "time", "data", "x"]),
        ANYTHING,
        max_size=3,
    ).map(lambda changes: {name: value for name, value in changes.items() if name != "id"}),
    st.text(min_size=1, max_size=20),
)


@given(st.binary())
@example(b"[1")
@example(b'{"a":1}{}')
def test_any_bytes_are_answered_or_refused_whole(body):
    try:
        parsed = parse_events(body)
    except EventsUnreadable:
        return
    assert all(isinstance(item, UsageEvent | IngestResult) for item in parsed)


@given(st.lists(EVENTS | ANYTHING, max_size=6))
def test_any_json_is_answered_event_by_event(items):
    parsed = parse_events(json.dumps(items).encode())

    assert len(parsed) == len(items)
    for item in parsed:
        if isinstance(item, IngestResult):
            text = [item.source, item.id, item.reason, str(item.refusal), item.refusal.advice]
            json.dumps(text, ensure_ascii=False).encode()


@given(st.lists(EVENTS | ANYTHING, min_size=1, max_size=6))
def test_an_event_reads_the_same_alone_and_in_a_batch(items):
    together = parse_events(json.dumps(items).encode())

    for item, read in zip(items, together, strict=True):
        if isinstance(item, list):
            continue  # alone it would be a batch itself
        (alone,) = parse_events(json.dumps(item).encode())
        assert _essence(alone) == _essence(read)


def _essence(read):
    if isinstance(read, UsageEvent):
        return read
    return (read.source, read.id, read.reason)


_QUANTITIES = st.decimals(
    min_value=-(10**17), max_value=10**17, allow_nan=False, allow_infinity=False, places=12
)


@given(st.lists(_QUANTITIES, min_size=1, max_size=5))
def test_numbers_survive_reading_and_storing_to_the_last_digit(numbers):
    data = ",".join(f'"n{index}": {number:f}' for index, number in enumerate(numbers))
    body = json.dumps(cloud_event(data="@")).replace('"@"', f"{{{data}}}").encode()

    (event,) = parse_events(body)

    assert event.data == {f"n{index}": Decimal(number) for index, number in enumerate(numbers)}
    assert parse_data(event.data_json) == event.data
