"""Lines and compressed bodies: any bytes are answered line by line, or refused whole."""

import json
import zlib

import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from metering.domain.cloudevents import parse_events
from metering.domain.events import UsageEvent
from metering.domain.lines import parse_lines
from metering.errors import EventsUnreadable
from tests.support.usage import cloud_event
from web.edge.body_errors import BodyTooLarge, EncodingInvalid
from web.edge.encodings import decoded

GOOD = st.integers(0, 99).map(lambda n: json.dumps(cloud_event(f"e{n}")).encode())
ANY_LINE = st.binary(max_size=40) | GOOD | GOOD.map(lambda line: line[:-1])
LARGEST = 2_000


def alone(line):
    try:
        return parse_events(line)
    except EventsUnreadable:
        return []


@given(st.lists(ANY_LINE, max_size=8))
@example([b'{"a":1} {"b":2}', b"{", b"}"])
@example([b'{"a":[{}', b"{}]}", b"{},{}"])
def test_every_line_is_what_it_is_alone(lines):
    body = b"\n".join(lines)
    split = {n: line for n, line in enumerate(body.split(b"\n"), 1) if line.strip()}

    read = parse_lines(body)

    assert tuple(read.numbers) == tuple(split)
    for line, found in zip(split.values(), read.delivered, strict=True):
        if isinstance(found, UsageEvent):
            assert alone(line) == [found]
        else:
            assert found.refusal is not None
            assert not any(isinstance(one, UsageEvent) for one in alone(line)) or b"[" in line


@given(st.binary(max_size=300), st.sampled_from(["gzip", "zstd"]))
async def test_bytes_that_are_not_compressed_are_refused_and_nothing_else_happens(body, name):
    try:
        found = await decoded(body, name, largest=LARGEST)
    except (EncodingInvalid, BodyTooLarge):
        return
    assert len(found) <= LARGEST


@given(
    st.binary(max_size=3_000),
    st.sampled_from(["gzip", "zstd"]),
    st.integers(0, 5_000),
    st.integers(0, 255),
    st.booleans(),
)
async def test_a_spoiled_body_is_refused_or_says_the_same(content, name, at, byte, cut):
    gzip = zlib.compressobj(wbits=31)
    packed = (
        gzip.compress(content) + gzip.flush()
        if name == "gzip"
        else zstandard.ZstdCompressor(write_checksum=True).compress(content)
    )
    at %= len(packed)
    spoiled = packed[:at] if cut else packed[:at] + bytes([byte]) + packed[at + 1 :]
    try:
        found = await decoded(spoiled, name, largest=LARGEST)
    except EncodingInvalid:
        return
    except BodyTooLarge:
        assert len(content) > LARGEST or not cut
        return
    assert found == content
