"""What is refused because usage is kept for so long and no longer."""

from control_plane.kernel.errors import ErrorKind, TallyardError
from metering.errors import EventTooLate


class EventBeyondHorizon(EventTooLate):
    """An event lies in a time of which the events were dropped."""

    code = "event_beyond_horizon"
    message = "The event is of {time}; events before {kept_from} were dropped and are not taken."
    remedy = "Report usage in time. What is too late is settled by hand: ask your vendor."


class UsageDropped(TallyardError):
    """Usage cannot be measured again, because its events are gone."""

    code = "usage_dropped"
    kind = ErrorKind.CONFLICT
    message = (
        "The usage of “{meter}” since {start} cannot be measured again: "
        "the events before {kept_from} were dropped."
    )
    remedy = "Read it from the invoice or from an export made before; the invoice itself stands."
