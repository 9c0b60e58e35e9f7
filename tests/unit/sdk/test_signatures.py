"""Both ways of verifying a signature say the same."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from control_plane.sdk.signatures import Holds, holds_by_openssl, holds_by_sodium

_ORDER = 2**252 + 27742317777372353535851937790883648493
PAYLOAD = bytes(range(256)) * 20


@pytest.fixture(params=[holds_by_openssl, holds_by_sodium], ids=["openssl", "sodium"])
def holds(request) -> Holds:
    return request.param


@pytest.fixture(scope="module")
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def test_the_standards_own_signature_holds(holds):
    # RFC 8032, section 7.1, test 3.
    public = Ed25519PublicKey.from_public_bytes(
        bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    )
    signature = bytes.fromhex(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )

    assert holds(public, signature, b"\xaf\x82")
    assert not holds(public, signature, b"\xaf\x83")


@pytest.mark.parametrize("payload", [b"", b"x", PAYLOAD])
def test_it_holds_for_what_was_signed_by_this_key_and_for_nothing_else(holds, key, payload):
    public, signature = key.public_key(), key.sign(payload)

    assert holds(public, signature, payload)
    assert not holds(public, signature, payload + b"x")
    assert not holds(Ed25519PrivateKey.generate().public_key(), signature, payload)


@pytest.mark.parametrize("place", [0, 31, 32, 63])
def test_one_changed_bit_spoils_it(holds, key, place):
    signature = bytearray(key.sign(PAYLOAD))
    signature[place] ^= 1

    assert not holds(key.public_key(), bytes(signature), PAYLOAD)


@pytest.mark.parametrize("length", [0, 1, 32, 63, 65, 128])
def test_a_signature_has_64_bytes_wherever_the_payload_begins(holds, key, length):
    signed = key.sign(PAYLOAD) + PAYLOAD

    assert not holds(key.public_key(), signed[:length], signed[length:])


def test_only_one_spelling_of_a_signature_holds(holds, key):
    # RFC 8032, section 5.1.7: its second half is below the group's order.
    signature = key.sign(PAYLOAD)
    again = int.from_bytes(signature[32:], "little") + _ORDER

    assert not holds(key.public_key(), signature[:32] + again.to_bytes(32, "little"), PAYLOAD)
