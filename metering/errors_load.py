"""Why a delivery is refused for now: too much waits already. Sending it again is safe."""

from control_plane.kernel.errors import ErrorKind, TallyardError

_AGAIN = "Send the same events again in a few seconds; none is counted twice."
_SLOWER = "Send fewer deliveries at a time, and these again in a few seconds; none counts twice."


class EventsOverShare(TallyardError):
    """One organisation has more events waiting than it may have in a process."""

    code = "events_over_share"
    kind = ErrorKind.EXHAUSTED
    message = "{waiting} events of your organisation wait to be stored already."
    remedy = _SLOWER


class BodiesOverShare(TallyardError):
    """One organisation has more bytes of deliveries in a process than it may have there."""

    code = "bodies_over_share"
    kind = ErrorKind.EXHAUSTED
    message = "{waiting} bytes of your organisation's deliveries are being taken already."
    remedy = _SLOWER


class BodiesOverloaded(TallyardError):
    """All deliveries together hold more bytes than this process may hold."""

    code = "bodies_overloaded"
    kind = ErrorKind.UNAVAILABLE
    message = "{waiting} bytes of deliveries are being taken already."
    remedy = _AGAIN
