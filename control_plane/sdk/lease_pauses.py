"""What becomes of a request for leases that brought none: one rule, for clients in any language."""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from control_plane.sdk.courier import LONGEST_WAIT_SECONDS

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 8.0
GIVEN_UP_SECONDS = 30.0
"""After a status that only people can change, it is asked again after so long, or twice that."""

_REFUSED = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
_GIVEN_UP = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.GONE,
}


class Outcome(StrEnum):
    """What a client does next.

    ``retry`` and ``give_up`` keep the request, to be sent again as it is: nothing is known of it.
    ``refuse`` lets it go with the leases that it speaks of: it will never be taken.
    """

    TAKE = "take"
    RETRY = "retry"
    REFUSE = "refuse"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True)
class Pause:
    """Seconds to wait: ``least`` whatever happens, and by chance up to ``most`` (full jitter)."""

    least: float
    most: float


def outcome_of(status: int | None) -> Outcome:
    """Return what to do after an HTTP status; None: no answer, or one that cannot be trusted."""
    if status is None:
        return Outcome.RETRY
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome.TAKE
    if status in _REFUSED:
        return Outcome.REFUSE
    return Outcome.GIVE_UP if status in _GIVEN_UP else Outcome.RETRY


def pause_after(outcome: Outcome, failures: int, asked: float = 0.0) -> Pause:
    """Return how long to wait after so many failures in a row, this one among them.

    ``asked`` is what Retry-After said with 429 or 503, in seconds; at most five minutes are waited.
    """
    if outcome is Outcome.GIVE_UP:
        return Pause(GIVEN_UP_SECONDS, 2 * GIVEN_UP_SECONDS)
    least = min(max(asked, 0.0), LONGEST_WAIT_SECONDS)
    return Pause(least, least + min(FIRST_PAUSE_SECONDS * 2.0**failures, LONGEST_PAUSE_SECONDS))
