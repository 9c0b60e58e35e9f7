"""Forged, truncated and misspelt envelopes; keys that come and go."""

from control_plane.sdk.envelope import key_id_of
from tests.support.conformance.writing import (
    KEY_ID,
    NOW,
    RING,
    STRANGER,
    TRUSTED,
    Suite,
    b64,
    key_of,
    refused,
    ring_of,
    signed,
)

PAYLOAD = '{"text":"入库 ✓"}'.encode()
GOOD = signed(PAYLOAD)
SIGNATURE = TRUSTED.sign(PAYLOAD)
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493

INVALID, UNSIGNED = refused("envelope_invalid"), refused("signature_invalid")


def flipped(data: bytes, at: int) -> str:
    return b64(bytes([*data[:at], data[at] ^ 1, *data[at + 1 :]]))


def asked(keys=RING, **changes):
    envelope = {k: v for k, v in {**GOOD, **changes}.items() if v is not ...}
    return {"keys": keys, "envelope": envelope}


def malleated() -> str:
    """The same signature with the group's order added to its scalar (RFC 8032, section 5.1.7)."""
    scalar = int.from_bytes(SIGNATURE[32:], "little") + GROUP_ORDER
    return b64(SIGNATURE[:32] + scalar.to_bytes(32, "little"))


ENVELOPES = Suite(
    "envelopes",
    "Give the payload (base64url) of an envelope whose signature holds, or what it is refused for.",
    [
        ("a signed payload is given as it is", asked(), {"payload": b64(PAYLOAD)}),
        (
            "other keys beside are no matter",
            asked(ring_of(STRANGER, TRUSTED)),
            {"payload": b64(PAYLOAD)},
        ),
        (
            "an empty payload can be signed",
            {"keys": RING, "envelope": signed(b"")},
            {"payload": ""},
        ),
        (
            "a key that is not trusted",
            {"keys": RING, "envelope": signed(PAYLOAD, STRANGER)},
            UNSIGNED,
        ),
        (
            "another key under a trusted key's id",
            {"keys": RING, "envelope": signed(PAYLOAD, STRANGER, KEY_ID)},
            UNSIGNED,
        ),
        ("no key is trusted", asked({}), UNSIGNED),
        ("one bit of the payload changed", asked(payload=flipped(PAYLOAD, 3)), UNSIGNED),
        (
            "one bit of the signature's point changed",
            asked(signature=flipped(SIGNATURE, 5)),
            UNSIGNED,
        ),
        (
            "one bit of the signature's scalar changed",
            asked(signature=flipped(SIGNATURE, 40)),
            UNSIGNED,
        ),
        ("the payload cut short", asked(payload=b64(PAYLOAD[:-1])), UNSIGNED),
        ("the payload made longer", asked(payload=b64(PAYLOAD + b" ")), UNSIGNED),
        ("the signature cut short", asked(signature=b64(SIGNATURE[:-1])), UNSIGNED),
        ("the signature made longer", asked(signature=b64(SIGNATURE + b"\0")), UNSIGNED),
        ("no signature", asked(signature=""), UNSIGNED),
        ("a signature of zeros", asked(signature=b64(bytes(64))), UNSIGNED),
        ("a second spelling of the signature", asked(signature=malleated()), UNSIGNED),
        ("the signature of another payload", asked(signature=signed(b"{}")["signature"]), UNSIGNED),
        ("an id that names a member of every object", asked(key_id="__proto__"), UNSIGNED),
        ("an id that names a method of every object", asked(key_id="constructor"), UNSIGNED),
        ("padded base64url", asked(payload=b64(PAYLOAD + b" ") + "="), INVALID),
        ("base64 of the other alphabet", asked(payload="+/8"), INVALID),
        ("white space within", asked(payload=GOOD["payload"] + "\n"), INVALID),
        ("bits beyond the last byte", asked(payload="QR"), INVALID),
        ("a length that no bytes have", asked(payload="QUJDR"), INVALID),
        ("no payload", asked(payload=...), INVALID),
        ("no key id", asked(key_id=...), INVALID),
        ("a payload that is no text", asked(payload=7), INVALID),
        ("a signature that is null", asked(signature=None), INVALID),
        ("a list", {"keys": RING, "envelope": []}, INVALID),
        ("nothing", {"keys": RING, "envelope": None}, INVALID),
        ("a text", {"keys": RING, "envelope": "envelope"}, INVALID),
        ("a public key of 31 bytes", asked({KEY_ID: b64(bytes(31))}), INVALID),
        ("a public key that is no text", asked({KEY_ID: 1}), INVALID),
        ("keys that are a list", asked([]), INVALID),
    ],
)

OLD, NEW, NEWER = key_of("old"), key_of("new"), key_of("newer")


def ring(serial, by, *keys, **changes):
    body = {"kind": "keys", "format": 1, "serial": serial, "issued_at": NOW, "keys": ring_of(*keys)}
    return {"do": "ring", "envelope": signed({**body, **changes}, by)}


def message(by):
    return {"do": "verify", "envelope": signed(b"{}", by)}


def taken(serial):
    return {"applied": True, "serial": serial}


VERIFIED = {"verified": True}
BOTH = ring(1, OLD, OLD, NEW)
LAST = ring(2, NEW, NEW)
WRONG = refused("snapshot_invalid")


def following(name, *steps):
    """Steps, each with what it comes to."""
    asked = {"keys": ring_of(OLD), "steps": [step for step, _ in steps]}
    return name, asked, {"results": [result for _, result in steps]}


KEYRINGS = Suite(
    "keyrings",
    "Follow rings of keys, each signed by a key of the one before; verify messages in between.",
    [
        following(
            "keys overlap, then the old one is gone",
            (message(OLD), VERIFIED),
            (message(NEW), UNSIGNED),
            (BOTH, taken(1)),
            (message(OLD), VERIFIED),
            (message(NEW), VERIFIED),
            (LAST, taken(2)),
            (message(NEW), VERIFIED),
            (message(OLD), UNSIGNED),
        ),
        following(
            "a ring that a stranger signed", (ring(1, NEW, NEW), UNSIGNED), (message(OLD), VERIFIED)
        ),
        following(
            "an older ring is no step back",
            (BOTH, taken(1)),
            (LAST, taken(2)),
            (ring(1, NEW, OLD, NEW), {"applied": False, "serial": 2}),
            (message(OLD), UNSIGNED),
        ),
        following("the same ring again", (BOTH, taken(1)), (BOTH, {"applied": False, "serial": 1})),
        following(
            "a retired key cannot bring itself back",
            (BOTH, taken(1)),
            (LAST, taken(2)),
            (ring(3, OLD, OLD), UNSIGNED),
        ),
        following("a ring without a key", (ring(1, OLD), WRONG), (message(OLD), VERIFIED)),
        following(
            "a key under another key's id",
            (
                ring(
                    1,
                    OLD,
                    OLD,
                    keys={key_id_of(NEW.public_key()): ring_of(OLD)[key_id_of(OLD.public_key())]},
                ),
                WRONG,
            ),
        ),
        following("a serial that is no number", (ring("1", OLD, OLD), WRONG)),
        following("another kind of message", (ring(1, OLD, OLD, kind="heartbeat"), WRONG)),
        following(
            "steps may be left out where the signature still holds",
            (BOTH, taken(1)),
            (ring(5, NEW, NEWER), taken(5)),
            (message(NEWER), VERIFIED),
            (message(NEW), UNSIGNED),
        ),
    ],
)
