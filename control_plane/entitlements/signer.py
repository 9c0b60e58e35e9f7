"""The one holder of the private keys that snapshots, heartbeats and commands are signed with."""

from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from control_plane.entitlements.key_file import KeyFile, create_key_file, read_key_file
from control_plane.kernel.errors import TallyardError
from control_plane.sdk.envelope import (
    Envelope,
    SignatureInvalid,
    key_id_of,
    public_keys_text,
    sign,
    verify,
)

log = structlog.get_logger()

_Stamp = tuple[int, int, int]


class Signer:
    """Signs with the first Ed25519 key of its file. The keys never leave this object.

    A file that is replaced while the process runs is read again before the next signature, so
    that keys are rotated without a restart.
    """

    def __init__(self, path: Path, file: KeyFile, stamp: _Stamp) -> None:
        self._path = path
        self._stamp = stamp
        self._take(file)

    @classmethod
    def load(cls, path: Path) -> "Signer":
        """Read the key file, making one with a new key (mode 0600) where there is none.

        Raises:
            SigningKeyExposed: group or others may read the file.
            SigningKeyInvalid: it holds something else.
        """
        if not path.exists():
            create_key_file(path)
        stamp = _stamp_of(path)
        return cls(path, read_key_file(path), stamp)

    @property
    def key_id(self) -> str:
        """The id of the key that signs now."""
        self._keep_up()
        return self._key_id

    @property
    def rings(self) -> tuple[Envelope, ...]:
        """The chain of key rings that services follow, oldest first; its length is the serial."""
        self._keep_up()
        return self._file.rings

    def sign(self, payload: bytes) -> Envelope:
        """Sign bytes as they are."""
        self._keep_up()
        return sign(payload, self._file.signing, self._key_id)

    def renewed(self, envelope: Envelope) -> Envelope:
        """Return an envelope that a key of ours signed earlier, signed by the present one.

        One that holds under no key that was ever ours is left as it is: nobody will take it.
        """
        if envelope.key_id == self.key_id:
            return envelope
        try:
            return self.sign(verify(envelope, self._known))
        except SignatureInvalid:
            return envelope

    def public_keys_text(self) -> str:
        """Return the key ring that modules verify with, as ``TALLYARD_PUBLIC_KEYS`` holds it."""
        self._keep_up()
        return public_keys_text(self._file.public_keys)

    def _keep_up(self) -> None:
        """Take up a file that was replaced; one that cannot be used leaves all as it was."""
        try:
            stamp = _stamp_of(self._path)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            self._take(read_key_file(self._path))
        except (OSError, TallyardError) as error:
            log.warning("signing_keys_not_reread", reason=str(error))

    def _take(self, file: KeyFile) -> None:
        self._file = file
        self._key_id = key_id_of(file.signing.public_key())
        self._known: dict[str, Ed25519PublicKey] = file.known_keys


def _stamp_of(path: Path) -> _Stamp:
    found = path.stat()
    return found.st_mtime_ns, found.st_ino, found.st_size
