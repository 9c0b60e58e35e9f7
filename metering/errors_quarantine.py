"""Why an event cannot be kept in quarantine, or is not there."""

from control_plane.kernel.errors import ErrorKind, TallyardError
from metering.errors import EventRefused


class QuarantineFull(EventRefused):
    """No meter counts events of this type, and no more of them can be kept."""

    code = "quarantine_full"
    message = (
        "No meter counts events of the type “{type}”, and {most} events are in quarantine already."
    )
    remedy = "Replay or discard what is in quarantine, or use an event type that a meter names."


class QuarantinedTypeNotFound(TallyardError):
    """Nothing of this type is in quarantine."""

    code = "quarantined_type_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "No event of the type “{value}” is in quarantine."
    remedy = "List the quarantine to see which types are there."


class DiscardReasonInvalid(TallyardError):
    """Events are discarded without a reason, or with one that is too long."""

    code = "discard_reason_invalid"
    kind = ErrorKind.INVALID
    message = "The reason “{value}” does not have 1 to {longest} characters."
    remedy = "Say in a few words why these events will never be counted."
