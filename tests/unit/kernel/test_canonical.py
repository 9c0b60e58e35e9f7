from decimal import Decimal

import pytest

from control_plane.kernel.canonical import NotCanonical, canonical_json, sha256_hex


def test_keys_are_sorted_and_nothing_is_padded():
    value = {"b": [1, True, None], "a": {"z": "鸡", "y": ()}}

    assert canonical_json(value) == '{"a":{"y":[],"z":"鸡"},"b":[1,true,null]}'.encode()


def test_the_order_of_making_does_not_show():
    assert canonical_json({"a": 1, "b": 2}) == canonical_json({"b": 2, "a": 1})


@pytest.mark.parametrize(
    "value", [0.5, {"a": [1.0]}, {1: "a"}, Decimal(1), b"bytes", {"a"}, "half \ud800"]
)
def test_what_has_no_exact_json_form_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical_json(value)


def test_a_hash_is_the_sha256_in_hexadecimal():
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
