from datetime import UTC, datetime

import pytest

from control_plane.sdk.fast_json import decode, decode_plainly, encode, encode_plainly

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
