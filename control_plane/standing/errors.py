"""What standing refuses, and why."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class HoldReasonMissing(TallyardError):
    """A ladder was to be held without a reason that can be read later."""

    code = "hold_reason_missing"
    kind = ErrorKind.INVALID
    message = "A hold needs a reason of 1 to {most} printable characters."
    remedy = "Say why nothing more shall happen until then."


class HoldEndInvalid(TallyardError):
    """A hold would end in the past, or never."""

    code = "hold_end_invalid"
    kind = ErrorKind.INVALID
    message = "A hold until {until} does not end within the next {most} days."
    remedy = "Choose a later end, or hold again when this one has ended."


class NothingHeld(TallyardError):
    """A hold was to be released where there is none."""

    code = "nothing_held"
    kind = ErrorKind.CONFLICT
    message = "The ladder of this organisation is not held."
    remedy = "Read its standing to see what is in force."
