"""What entitlements refuse, and why."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class SnapshotNotPublished(TallyardError):
    """The tenant has no snapshot yet."""

    code = "snapshot_not_published"
    kind = ErrorKind.UNAVAILABLE
    message = "The entitlements of this organisation are not ready yet."
    remedy = "Try again in a few seconds."


class SigningKeyExposed(TallyardError):
    """Others than the signer may read the private key."""

    code = "signing_key_exposed"
    kind = ErrorKind.UNAVAILABLE
    message = "Others than its owner may read the signing key {path}."
    remedy = "Run: chmod 600 {path}"


class SigningKeyInvalid(TallyardError):
    """The file is not an Ed25519 private key."""

    code = "signing_key_invalid"
    kind = ErrorKind.UNAVAILABLE
    message = "{path} is not an Ed25519 private key in PEM form."
    remedy = "Restore the key from your backup. A new one asks for every instance to be restarted."
