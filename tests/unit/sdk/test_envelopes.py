import json
from dataclasses import replace

import pytest

from control_plane.sdk.envelope import (
    Envelope,
    EnvelopeInvalid,
    SignatureInvalid,
    generate_key_pair,
    key_id_of,
    load_public_keys,
    public_keys_text,
    sign,
    verify,
)


@pytest.fixture
def envelope(signer):
    return sign(b"payload", signer.private_key, signer.key_id)


def test_a_signed_payload_comes_back_unchanged(signer, envelope):
    assert verify(envelope, signer.keys) == b"payload"


def test_an_envelope_survives_json_and_headers(envelope):
    assert Envelope.from_json(json.loads(json.dumps(envelope.to_json()))) == envelope
    assert Envelope.from_header(envelope.to_header()) == envelope


def test_a_changed_payload_is_refused(signer, envelope):
    with pytest.raises(SignatureInvalid):
        verify(replace(envelope, payload=b"payloae"), signer.keys)


@pytest.mark.parametrize("cut", [0, 1, 32, 63])
def test_a_cut_signature_is_refused(signer, envelope, cut):
    with pytest.raises(SignatureInvalid):
        verify(replace(envelope, signature=envelope.signature[:cut]), signer.keys)


def test_every_flipped_bit_of_the_signature_is_noticed(signer, envelope):
    for position in range(len(envelope.signature) * 8):
        flipped = bytearray(envelope.signature)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(SignatureInvalid):
            verify(replace(envelope, signature=bytes(flipped)), signer.keys)


def test_an_unknown_key_is_refused(signer, envelope):
    with pytest.raises(SignatureInvalid):
        verify(replace(envelope, key_id="0000000000000000"), signer.keys)


def test_a_stranger_who_borrows_the_key_id_is_refused(signer):
    stranger, _ = generate_key_pair()

    with pytest.raises(SignatureInvalid):
        verify(sign(b"payload", stranger, signer.key_id), signer.keys)


def test_several_keys_are_trusted_side_by_side_while_keys_are_changed(signer, envelope):
    new_private, new_public = generate_key_pair()
    ring = load_public_keys(public_keys_text(signer.keys | {key_id_of(new_public): new_public}))

    assert verify(envelope, ring) == b"payload"
    assert verify(sign(b"new", new_private, key_id_of(new_public)), ring) == b"new"


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"payload": "YQ", "signature": "YQ"},
        {"payload": "YQ", "signature": "YQ", "key_id": 1},
        {"payload": "YQ==", "signature": "YQ", "key_id": "k"},
        {"payload": "YR", "signature": "YQ", "key_id": "k"},
        {"payload": "Y+", "signature": "YQ", "key_id": "k"},
        {"payload": "+/+/", "signature": "YQ", "key_id": "k"},
        {"payload": "YWFhYR", "signature": "YQ", "key_id": "k"},
        {"payload": "YWFh=", "signature": "YQ", "key_id": "k"},
        {"payload": "YW\nFh", "signature": "YQ", "key_id": "k"},
        {"payload": "鸡", "signature": "YQ", "key_id": "k"},
        {"payload": "Y", "signature": "YQ", "key_id": "k"},
    ],
)
def test_what_is_no_envelope_is_refused(value):
    with pytest.raises(EnvelopeInvalid):
        Envelope.from_json(value)


@pytest.mark.parametrize("header", ["", "e30", "bm9uc2Vuc2U", "{}", "_w"])
def test_what_is_no_header_is_refused(header):
    with pytest.raises(EnvelopeInvalid):
        Envelope.from_header(header)


@pytest.mark.parametrize("text", ["", "[]", '{"k":1}', '{"k":"YQ"}', '{"k":"="}', "nonsense"])
def test_what_is_no_key_ring_is_refused(text):
    with pytest.raises(EnvelopeInvalid):
        load_public_keys(text)
