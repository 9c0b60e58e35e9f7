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


class KeysNotInStep(TallyardError):
    """Keys are announced, then sign, then leave; this step is not the next one."""

    code = "keys_not_in_step"
    kind = ErrorKind.CONFLICT
    message = "The keys cannot {step} now: the last one listed is {use}."
    remedy = "Announce a key, rotate, then retire the old one. See: tallyard keys list"


class KeyTooNew(TallyardError):
    """Not every process can be expected to know yet of the step before."""

    code = "key_too_new"
    kind = ErrorKind.CONFLICT
    message = "The keys cannot {step} before {due}: key {key_id} became what it is too recently."
    remedy = "Wait until then, or pass a shorter --overlap-minutes once every machine has the file."


class StreamsFull(TallyardError):
    """This process holds as many streams open as it can serve."""

    code = "streams_full"
    kind = ErrorKind.UNAVAILABLE
    message = "This process follows snapshots for {most} services already."
    remedy = "Ask again, for another process; or poll GET /v1/service/snapshot meanwhile."
