"""The seam between a decision and the units it spends: whoever holds the leases stands behind it.

Nothing here waits or does any I/O: an account answers from what its process holds already.
"""

from decimal import Decimal
from typing import Protocol

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.sdk.decision import Reason
from control_plane.sdk.features import FeatureGrant
from control_plane.sdk.quota import QuotaPeriod

FOR_EVER = float("inf")


class UnitsNegative(TallyardError):
    """Fewer than no units were asked for."""

    code = "units_negative"
    kind = ErrorKind.INVALID
    message = "{units} units cannot be spent."
    remedy = "Ask for 0 units or more; release a hold to give units back."


class Hold(Protocol):
    """Units set aside for work that is under way; whatever is not confirmed comes back.

    A slot of a concurrency feature comes back either way: that is when the work has ended.
    """

    @property
    def remaining(self) -> int:
        """The units left beside those set aside."""

    def confirm(self, units: int | None = None) -> None:
        """Spend so many of the units, all unless said; done once, again changes nothing."""

    def release(self) -> None:
        """Spend none: the work failed. Done once, and never after ``confirm``."""


class UnitAccount(Protocol):
    """One feature in one quota period, as far as this process may spend of it."""

    def spend(self, units: int, at: float) -> int | Reason:
        """Spend at a monotonic instant and return what is left; or say why not, spending nothing.

        ``units`` is never below 0.
        ``NO_LEASE`` means that more may come, ``LIMIT_REACHED`` that nothing is left. What is left
        of a soft limit may be negative. Of a concurrency feature nothing is spent: a free slot is
        all that is asked, and ``hold`` takes it.
        """

    def left(self) -> int:
        """Return the units at hand now."""

    def hold(self, units: int, at: float, *, timeout: float = FOR_EVER) -> Hold | Reason:
        """Set units aside for work that may yet fail; refusals are those of ``spend``.

        After ``timeout`` seconds they may be given to others. Confirmed later, they are spent if
        they are still to be had; ``ReservationExpired`` is raised if not.
        """


class UnitLedger(Protocol):
    """All accounts of a process. It learns here of new limits, periods and features."""

    def account(
        self, feature: str, grant: FeatureGrant, period: QuotaPeriod, limit: Decimal
    ) -> UnitAccount:
        """Return the account of a feature in a period, the same one each time."""
