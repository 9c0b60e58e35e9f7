from base64 import b64encode
from datetime import UTC, datetime

import pytest

from control_plane.sdk.fast_json import (
    decode,
    decode_plainly,
    encode,
    encode_plainly,
    unbase64,
    unbase64_plainly,
)

RECORDS = [
    ("call", datetime(2026, 1, 10, 2, tzinfo=UTC), {"units": 3, "endpoint": "/v1/orders/{id}"}),
    ("call", datetime(2026, 1, 10, 2, 0, 0, 120, tzinfo=UTC), {"sku": '箱-1\n"\\\u2028', "n": -7}),
    {"source": "/instances/ins_1", "subject": "outbound"},
    [],
]


@pytest.mark.parametrize("record", RECORDS)
def test_with_and_without_the_fast_library_the_bytes_are_the_same(record):
    data = encode(record)

    assert encode_plainly(record) == data
    assert decode_plainly(data) == decode(data)


def test_numbers_with_a_point_keep_their_digits():
    assert decode(b'{"n":0.10}') == decode_plainly(b'{"n":0.10}') == {"n": "0.10"}


def test_what_is_no_json_is_refused_by_both():
    for encoder in (encode, encode_plainly):
        with pytest.raises(TypeError):
            encoder(object())


@pytest.mark.parametrize("length", range(9))
def test_base64_is_read_alike_by_both(length):
    data = bytes(range(251, 251 - length, -1))
    text = b64encode(data).decode()

    assert unbase64(text) == unbase64_plainly(text) == data


@pytest.mark.parametrize(
    "text",
    ["A", "AA", "AAA", "AA=", "AA=A", "A===", "AA==A", "AAA\n", "AA A", "AAA-", "AAAé", "=AAA"],
)
def test_what_is_no_base64_is_refused_by_both(text):
    for read in (unbase64, unbase64_plainly):
        with pytest.raises(ValueError):  # noqa: PT011 - each has its own words
            read(text)
