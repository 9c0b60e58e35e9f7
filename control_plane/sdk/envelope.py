"""Signed envelopes: bytes, an Ed25519 signature over exactly those bytes, and the key's id."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.sdk.fast_json import unbase64
from control_plane.sdk.signatures import holds

_KEY_ID_LENGTH = 16
_PADDING = ("", "===", "==", "=")
_LAST = ("", "", "AQgw", "AEIMQUYcgkosw048")  # bits that say nothing are to be 0


class EnvelopeInvalid(TallyardError):
    """What came is not an envelope at all."""

    code = "envelope_invalid"
    kind = ErrorKind.INVALID
    message = "This is not a signed envelope: {reason}."
    remedy = "Send the envelope exactly as the control plane signed it."


class SignatureInvalid(TallyardError):
    """An envelope was not signed by a key that is trusted here, or was changed afterwards."""

    code = "signature_invalid"
    kind = ErrorKind.UNAUTHENTICATED
    message = "The signature by key “{key_id}” does not hold."
    remedy = "Check that this service was given the control plane's present public keys."


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload with its signature. Holding one proves nothing: call ``verify``."""

    payload: bytes
    signature: bytes
    key_id: str

    def to_json(self) -> dict[str, str]:
        """Return the JSON form; both byte strings in unpadded base64url."""
        return {
            "payload": _encode(self.payload),
            "signature": _encode(self.signature),
            "key_id": self.key_id,
        }

    @classmethod
    def from_json(cls, value: object) -> "Envelope":
        """Read the JSON form.

        Raises:
            EnvelopeInvalid: a member is missing, no text, or no canonical base64url.
        """
        get = (value if isinstance(value, dict) else {}).get
        payload, signature, key_id = get("payload"), get("signature"), get("key_id")
        if not (
            isinstance(payload, str) and isinstance(signature, str) and isinstance(key_id, str)
        ):
            raise EnvelopeInvalid(reason="payload, signature and key_id must be texts")
        return cls(_decode(payload), _decode(signature), key_id)

    def to_header(self) -> str:
        """Return the JSON form as one base64url word, as HTTP headers take it."""
        return _encode(canonical_json(self.to_json()))

    @classmethod
    def from_header(cls, text: str) -> "Envelope":
        """Read what ``to_header`` wrote.

        Raises:
            EnvelopeInvalid: the word is not the base64url of an envelope's JSON.
        """
        try:
            return cls.from_json(json.loads(_decode(text)))
        except ValueError:
            raise EnvelopeInvalid(reason="the header is not JSON") from None


def sign(payload: bytes, private_key: Ed25519PrivateKey, key_id: str) -> Envelope:
    """Sign bytes as they are."""
    return Envelope(payload, private_key.sign(payload), key_id)


def verify(envelope: Envelope, keys: Mapping[str, Ed25519PublicKey]) -> bytes:
    """Return the payload once its signature has been checked.

    Raises:
        SignatureInvalid: the key is not among ``keys``, or the signature does not match.
    """
    key = keys.get(envelope.key_id)
    if key is None or not holds(key, envelope.signature, envelope.payload):
        raise SignatureInvalid(key_id=envelope.key_id)
    return envelope.payload


def generate_key_pair() -> tuple[Ed25519PrivateKey, Ed25519PublicKey]:
    """Make a new signing key and the public key that verifies it."""
    private_key = Ed25519PrivateKey.generate()
    return private_key, private_key.public_key()


def key_id_of(public_key: Ed25519PublicKey) -> str:
    """Return a key's id: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public_key.public_bytes_raw()).hexdigest()[:_KEY_ID_LENGTH]


def public_key_text(public_key: Ed25519PublicKey) -> str:
    """Return the 32 bytes of a public key in unpadded base64url."""
    return _encode(public_key.public_bytes_raw())


def parse_public_key(text: str) -> Ed25519PublicKey:
    """Read what ``public_key_text`` wrote.

    Raises:
        EnvelopeInvalid: the text is not the base64url of 32 bytes.
    """
    try:
        return Ed25519PublicKey.from_public_bytes(_decode(text))
    except ValueError:
        raise EnvelopeInvalid(reason="a public key is not 32 bytes") from None


def public_keys_text(keys: Mapping[str, Ed25519PublicKey]) -> str:
    """Return a key ring as the JSON text that ``load_public_keys`` reads."""
    return canonical_json({key_id: public_key_text(key) for key_id, key in keys.items()}).decode()


def load_public_keys(json_text: str) -> dict[str, Ed25519PublicKey]:
    """Read a key ring: a JSON object from key id to public key text.

    Raises:
        EnvelopeInvalid: not such an object, or a key that is not 32 bytes.
    """
    try:
        ring = json.loads(json_text)
        return {key_id: parse_public_key(text) for key_id, text in ring.items()}
    except (ValueError, TypeError, AttributeError):
        raise EnvelopeInvalid(reason="the public keys are not a JSON object of keys") from None


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Read unpadded base64url, and only the one spelling that ``_encode`` gives."""
    over = len(text) % 4
    if over and text[-1] not in _LAST[over]:
        raise EnvelopeInvalid(reason="a member is not base64url")
    try:
        # Searching is as good as free, where each copy of a long text is not.
        if "+" in text or "/" in text or "=" in text:  # other spellings
            raise EnvelopeInvalid(reason="a member is not base64url")
        if "-" in text or "_" in text:
            text = text.replace("-", "+").replace("_", "/")
        return unbase64(text + _PADDING[over])
    except ValueError:
        raise EnvelopeInvalid(reason="a member is not base64url") from None
