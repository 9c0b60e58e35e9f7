"""How events that take another one back are read."""

import json

import pytest

from metering.domain.cloudevents import parse_events
from metering.domain.events import IngestStatus, TakesBack, TakingBack, UsageEvent
from tests.support.usage import cloud_event, usage_event


def refused(**changes):
    [result] = parse_events(json.dumps(cloud_event(**changes)).encode())
    assert result.status is IngestStatus.REJECTED
    return result


@pytest.mark.parametrize(
    ("kind", "counts"), [(TakingBack.CORRECTS, True), (TakingBack.RETRACTS, False)]
)
def test_an_event_names_what_it_takes_back(kind, counts):
    event = usage_event("b", **{kind.value: "a"})

    assert event.takes_back == TakesBack(kind, "a")
    assert event.counts is counts


def test_what_it_takes_back_is_part_of_what_is_compared():
    plain, corrects, retracts, other = (
        usage_event("b", **said).body_hash
        for said in ({}, {"corrects": "a"}, {"retracts": "a"}, {"corrects": "c"})
    )

    assert len({plain, corrects, retracts, other}) == 4
    # As it was before there were corrections: what was stored then stays what it is.
    assert plain == usage_event("b", corrects=None, retracts=None, traceparent="00-x").body_hash


@pytest.mark.parametrize(
    ("said", "reason", "field"),
    [
        ({"corrects": "a", "retracts": "a"}, "takes_back_two", "retracts"),
        ({"corrects": "evt-1"}, "takes_back_itself", "corrects"),
        ({"retracts": "evt-1"}, "takes_back_itself", "retracts"),
        ({"retracts": 5}, "attribute_invalid", "retracts"),
        ({"corrects": ""}, "attribute_invalid", "corrects"),
        ({"corrects": "x" * 256}, "attribute_invalid", "corrects"),
        ({"retracts": "a\x00b"}, "text_unusable", None),
    ],
)
def test_what_cannot_be_taken_back_is_told(said, reason, field):
    result = refused(**said)

    assert (result.reason, result.refusal.field) == (reason, field)


def test_one_that_is_unusable_costs_the_others_nothing():
    events = [cloud_event("a"), cloud_event("b", retracts="b"), cloud_event("c", retracts="a")]

    first, second, third = parse_events(json.dumps(events).encode())

    assert isinstance(first, UsageEvent)
    assert second.reason == "takes_back_itself"
    assert third.takes_back == TakesBack(TakingBack.RETRACTS, "a")
