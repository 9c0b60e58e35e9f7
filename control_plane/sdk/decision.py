"""The answer to “may this call go ahead?”, and why."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why a call is allowed or refused."""

    GRANTED = "granted"
    STALE_ALLOWED = "stale_allowed"
    NOT_SUBSCRIBED = "not_subscribed"
    NOT_STARTED = "not_started"
    EXPIRED = "expired"
    UNKNOWN_FEATURE = "unknown_feature"
    STALE = "stale"
    NO_SNAPSHOT = "no_snapshot"
    LIMIT_REACHED = "limit_reached"
    NO_LEASE = "no_lease"
    READ_ONLY = "read_only"
    SUSPENDED = "suspended"
    RETAINED = "retained"
    PURGED = "purged"


def _never_heard() -> float:
    return float("inf")


class Decision(NamedTuple):
    """The answer for one feature at one instant; true where it allows.

    ``limit`` is the total granted per period (None for booleans and configuration, and when
    refused), ``value`` what the window in force says. ``valid_until`` is when the snapshot itself
    says the answer changes (None: not that it knows).

    Immutable, shared between calls, and prepared beforehand: giving one allocates nothing. So what
    moves, ``remaining`` and ``age``, is read when asked for, and does not count when comparing.
    """

    allowed: bool
    reason: Reason
    limit: Decimal | None = None
    revision: int = 0
    valid_until: datetime | None = None
    value: Decimal | str | None = None
    left: int | Callable[[], int] | None = None
    aged: Callable[[], float] = _never_heard

    @property
    def remaining(self) -> int | None:
        """The units that are left, as far as is known here; None where none are counted here."""
        return self.left() if callable(self.left) else self.left

    @property
    def age(self) -> float:
        """The seconds, when read, since the newest signed word on what was decided from."""
        return self.aged()

    def __bool__(self) -> bool:
        return self.allowed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Decision) and self[:_STANDING] == other[:_STANDING]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:_STANDING])


_STANDING = 6  # so many members stand still: all before ``left``

NO_SNAPSHOT = Decision(allowed=False, reason=Reason.NO_SNAPSHOT)
