"""Newline-delimited events: each line stands and falls by itself, under its own number."""

import json

import pytest

from metering.domain.events import UsageEvent
from metering.domain.lines import MOST_LINES, parse_lines
from metering.errors import BatchTooLarge
from tests.support.usage import cloud_event


def line(event_id, **more):
    return json.dumps(cloud_event(event_id, **more)).encode()


def read(body):
    lines = parse_lines(body)
    told = [e.id if isinstance(e, UsageEvent) else e.reason for e in lines.delivered]
    return dict(zip(lines.numbers, told, strict=True))


def test_every_line_is_an_event_and_empty_ones_are_passed_over():
    assert read(line("a") + b"\r\n\n  \n" + line("b")) == {1: "a", 4: "b"}
    assert read(b"") == read(b"\n\n") == {}


def test_a_bad_line_costs_the_others_nothing():
    body = b"\n".join(
        [
            line("a"),
            b"{",
            b"[" + line("b") + b"]",
            line("c") + b" " + line("d"),
            line("e", time="noon"),
            b"\xff",
            b"[" * 5_000,
            line("f"),
        ]
    )

    assert read(body) == {
        1: "a",
        2: "event_unreadable",
        3: "event_not_object",
        4: "event_unreadable",
        5: "time_invalid",
        6: "event_unreadable",
        7: "event_not_object",
        8: "f",
    }


def test_an_event_over_two_lines_is_two_bad_lines():
    assert set(read(b"{\n" + line("a")[1:]).values()) == {"event_unreadable"}


def test_too_many_lines_are_refused_before_they_cost_anything():
    with pytest.raises(BatchTooLarge):
        parse_lines(b"{}\n" * 10_001)
    with pytest.raises(BatchTooLarge):
        parse_lines(b"\n" * (MOST_LINES + 1))
