"""What leases, reservations and seats refuse, and why."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class LeasesOverloaded(TallyardError):
    """More requests wait than one process may hold."""

    code = "leases_overloaded"
    kind = ErrorKind.UNAVAILABLE
    message = "{waiting} lease requests wait already."
    remedy = "Send the same request again in a second; it is done once."


class LeasesInterrupted(TallyardError):
    """The process that worked on a request ended."""

    code = "leases_interrupted"
    kind = ErrorKind.UNAVAILABLE
    message = "The request was interrupted before it was answered."
    remedy = "Send the same request again; it is done once."


class EntitlementUnsettled(TallyardError):
    """The entitlement changed each time that an operation was about to be done."""

    code = "entitlement_unsettled"
    kind = ErrorKind.UNAVAILABLE
    message = "The entitlements of this organisation are changing right now."
    remedy = "Try again in a few seconds."


class LeaseRequestInvalid(TallyardError):
    """A request for leases is not of the form that is taken."""

    code = "lease_request_invalid"
    kind = ErrorKind.INVALID
    message = "The lease request cannot be used: {path} {reason}."
    remedy = "Compare the request with the documentation of quotas."


class LeaseRequestReused(TallyardError):
    """A request id came again with other operations."""

    code = "lease_request_reused"
    kind = ErrorKind.CONFLICT
    message = "The request id {request_id} was used for other operations."
    remedy = "Give every request an id of its own, and repeat a request unchanged."


class LeaseHolderForeign(TallyardError):
    """A service asked for leases in another's name."""

    code = "lease_holder_foreign"
    kind = ErrorKind.FORBIDDEN
    message = "{holder} is not the calling service."
    remedy = "Name the instance whose token is sent, such as ins_…, or a part of it, ins_…/part."


class UnitsRefused(TallyardError):
    """A feature does not give units at present."""

    code = "units_refused"
    kind = ErrorKind.CONFLICT
    message = "{feature} gives no units now: {reason}."
    remedy = "List the entitlements to see what is granted, and until when."


class UnitsExhausted(TallyardError):
    """Fewer units are left than were asked for."""

    code = "quota_exhausted"
    kind = ErrorKind.EXHAUSTED
    message = "{feature} has {remaining} of {limit} units left, fewer than {units}."
    remedy = "Ask for fewer, wait for the next period, or buy more."


class ReservationNotFound(TallyardError):
    """There is no such reservation."""

    code = "reservation_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no reservation {reservation_id}."
    remedy = "Use the id that reserving answered."


class ReservationOver(TallyardError):
    """A reservation ran out before it was confirmed, and its units went back."""

    code = "reservation_over"
    kind = ErrorKind.CONFLICT
    message = "The reservation {reservation_id} ran out."
    remedy = "Reserve again, for longer."


class ReservationSettled(TallyardError):
    """A reservation was confirmed or released already, in another way."""

    code = "reservation_settled"
    kind = ErrorKind.CONFLICT
    message = "The reservation {reservation_id} was settled with {units} units."
    remedy = "Confirm or release a reservation once; the same again is answered alike."


class ReservationExceeded(TallyardError):
    """More was to be confirmed than was reserved."""

    code = "reserved_units_exceeded"
    kind = ErrorKind.INVALID
    message = "{units} units are more than the {reserved} that were reserved."
    remedy = "Confirm at most what was reserved; reserve the rest separately."


class SeatNotFound(TallyardError):
    """Nobody of that name has a seat."""

    code = "seat_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "{name} has no seat of {feature}."
    remedy = "List the seats to see who has one."


class ReservationLengthInvalid(TallyardError):
    """A reservation would last for no time, or for longer than one may."""

    code = "reservation_length_invalid"
    kind = ErrorKind.INVALID
    message = "A reservation cannot last {value} seconds."
    remedy = "Reserve for 1 to {most} seconds; reserve again where work takes longer."


class SeatNameInvalid(TallyardError):
    """A name that a seat is assigned to is empty or too long."""

    code = "seat_name_invalid"
    kind = ErrorKind.INVALID
    message = "{value!r} is not the name of somebody who can have a seat."
    remedy = "Send a name of 1 to {most} characters."
