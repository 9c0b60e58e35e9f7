"""Compressed bodies are inflated whole, exactly, and never beyond the bound."""

import gzip
import tracemalloc

import pytest
import zstandard

from web.edge.body_errors import BodyTooLarge, EncodingInvalid, EncodingUnsupported
from web.edge.encodings import decoded

EVENTS = b'{"specversion":"1.0"}\n' * 500
PACKED = {
    "gzip": gzip.compress(EVENTS),
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress(EVENTS),
}


@pytest.mark.parametrize("name", PACKED)
async def test_what_was_packed_comes_out_again(name):
    assert await decoded(PACKED[name], name.upper(), largest=len(EVENTS)) == EVENTS
    assert await decoded(PACKED[name] * 2, name, largest=2 * len(EVENTS)) == EVENTS * 2


async def test_no_encoding_is_one_too():
    assert await decoded(EVENTS, "identity", largest=1) == EVENTS


@pytest.mark.parametrize("name", PACKED)
async def test_one_byte_too_many_is_refused(name):
    with pytest.raises(BodyTooLarge) as caught:
        await decoded(PACKED[name], name, largest=len(EVENTS) - 1)

    assert caught.value.fields == {"largest": len(EVENTS) - 1}


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: b"",
        lambda body: body[:-3],
        lambda body: body[: len(body) // 2],
        lambda body: body + b"xx",
        lambda body: b"no such thing",
        lambda body: body[:20] + bytes([body[20] ^ 255]) + body[21:],
    ],
)
async def test_what_is_not_whole_is_refused(name, spoil):
    with pytest.raises(EncodingInvalid):
        await decoded(spoil(PACKED[name]), name, largest=10 * len(EVENTS))


@pytest.mark.parametrize("name", ["br", "deflate", "gzip, zstd", "gzip, gzip", "\x00", "*"])
async def test_an_encoding_that_is_not_read_is_named(name):
    with pytest.raises(EncodingUnsupported) as caught:
        await decoded(EVENTS, name, largest=100)

    assert caught.value.fields["value"] == name


@pytest.mark.parametrize(
    "bomb",
    [
        ("gzip", gzip.compress(bytes(200_000_000), 1)),
        ("zstd", zstandard.ZstdCompressor().compress(bytes(2_000_000_000))),
    ],
    ids=lambda bomb: bomb[0],
)
async def test_a_bomb_costs_no_more_memory_than_the_bound(bomb):
    name, body = bomb
    tracemalloc.start()
    with pytest.raises(BodyTooLarge):
        await decoded(body, name, largest=1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 20_000_000  # the bound, and what the smallest piece of zstd may hold


async def test_a_frame_that_asks_for_a_huge_window_is_refused():
    wide = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    stream = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    body = stream.compress(b"abc" * 1_000_000) + stream.flush()

    with pytest.raises(EncodingInvalid):
        await decoded(body, "zstd", largest=10_000_000)
