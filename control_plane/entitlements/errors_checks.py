"""What a check over HTTP is refused for."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class RevisionNotReached(TallyardError):
    """A caller demands a revision that is not published yet."""

    code = "revision_not_reached"
    kind = ErrorKind.STALE
    message = "Revision {value} is asked for; the newest one published is {newest}."
    remedy = "Ask again in a moment; without min_revision the newest one answers."


class UnitsInvalid(TallyardError):
    """A call cannot need this many units."""

    code = "units_invalid"
    kind = ErrorKind.INVALID
    message = "{value} is not a number of units: it must be a whole number from 1 to {most}."
    remedy = "Send how many units the call needs; leave the field out for one."


class ChecksInvalid(TallyardError):
    """A bulk check asks nothing, or too much at once."""

    code = "checks_invalid"
    kind = ErrorKind.INVALID
    message = "{value} checks were sent; one request takes 1 to {most}."
    remedy = "Split the checks over several requests."


class FollowersFull(TallyardError):
    """As many streams and long polls are open as this process, or one organisation, may have."""

    code = "followers_full"
    kind = ErrorKind.UNAVAILABLE
    message = (
        "{most} streams and long polls are open here already, which is as many as there may be."
    )
    remedy = (
        "Close streams that nobody reads, or poll /v1/entitlements/changes without wait meanwhile."
    )
