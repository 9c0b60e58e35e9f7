"""One leased account as a process may spend from it: a lock, a comparison and a subtraction."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.sdk.decision import Reason
from control_plane.sdk.lease_messages import MOST_UNITS, LeaseResult, LeaseStatus
from control_plane.sdk.lease_shortage import NEVER, Shortage
from control_plane.sdk.leases import HORIZON_SECONDS, measured_rate


class ReservationExpired(TallyardError):
    """A reservation was confirmed after its time, and its units are no longer to be had."""

    code = "reservation_expired"
    kind = ErrorKind.CONFLICT
    message = "The reservation of {units} units expired, and they were given to others."
    remedy = "Reserve again, with a timeout that is longer than the work."


class ReservationExceeded(TallyardError):
    """More was confirmed than was reserved."""

    code = "reservation_exceeded"
    kind = ErrorKind.INVALID
    message = "{value} units cannot be confirmed of the {units} that were reserved."
    remedy = "Confirm no more than was reserved; reserve what the work may need at most."


def confirmable(units: int | None, reserved: int) -> int:
    """Return how many units of those reserved are to be confirmed; None: all.

    Raises:
        ReservationExceeded: fewer than none, or more than were reserved.
    """
    wanted = reserved if units is None else units
    if not 0 <= wanted <= reserved:
        raise ReservationExceeded(field="units", value=wanted, units=reserved)
    return wanted


@dataclass(slots=True, eq=False)
class Lease:
    """Units of one account that this process alone may spend, until ``until`` (monotonic).

    ``cap`` = spent + reserved + left, always.
    """

    id: str = ""
    fence: int = 0
    cap: int = 0
    left: int = 0
    reserved: int = 0
    until: float = NEVER
    renew_at: float = NEVER
    reported: int = 0

    @property
    def spent(self) -> int:
        """What was spent of it for good."""
        return self.cap - self.left - self.reserved


@dataclass(slots=True, eq=False)
class Reservation:
    """Units set aside for work that may fail: confirm what was used, or release all of it.

    Its units stay the holder's beyond the end of the lease: the server counts them as spent until
    the lease is closed, and no lease is closed before its reservations are settled.
    """

    account: "LeasedAccount"
    lease: Lease
    units: int
    remaining: int
    deadline: float = float("inf")
    confirmed: int | None = None
    expired: bool = False

    def confirm(self, units: int | None = None) -> None:
        """Spend ``units`` of what was reserved, all by default; the rest comes back.

        Again, it changes nothing. After its time the units are taken anew if they can be.

        Raises:
            ReservationExceeded: ``units`` is negative, or more than was reserved.
            ReservationExpired: the time is over, and others have had the units.
        """
        self.account.settle(self, confirmable(units, self.units))

    def release(self) -> None:
        """Give all of it back: the work failed, and is neither counted nor billed."""
        self.account.settle(self, 0)


class LeasedAccount:
    """One feature in one quota period; a ``UnitAccount``. Make it through a ``LeaseBook``.

    ``soft`` accounts never refuse.
    """

    slots = False

    def __init__(
        self,
        feature: str,
        period: str,
        *,
        lock: threading.Lock,
        clock: Callable[[], float],
        wake: Callable[[], None],
        spare: int = 1,
        keeps: bool = False,
    ) -> None:
        self.feature, self.period = feature, period
        self.soft, self.spare, self.keeps = False, spare, keeps
        self._clock, self._wake = clock, wake
        self.share(lock)
        self.lease = Lease()
        self.old: list[Lease] = []
        self.reservations: set[Reservation] = set()
        self.current = self.recovers = False
        self.fence = 0
        self.needed = self.asked = 0
        self.size = spare
        self.measured_at = clock()
        self.shortage = Shortage(lasting=True)
        self.terms: object = None
        self.remaining = 0
        self.limit: int | None = None

    def share(self, lock: threading.Lock) -> None:
        """Use the lock of the book."""
        self.lock = lock
        self._acquire, self._release = lock.acquire, lock.release

    def left(self) -> int:
        """Return the units at hand."""
        return self.lease.left

    def spend(self, units: int, at: float) -> int | Reason:
        """Spend units now, if a live lease has them; return how many it has left.

        ``units`` is not negative, ``at`` monotonic. ``NO_LEASE``: more may be had, and is being
        asked for. ``LIMIT_REACHED``: the server said that nothing is left.
        """
        # Nothing between these two can raise; a with statement takes half as long again.
        self._acquire()
        lease = self.lease
        left = lease.left - units
        if left >= 0 and at < lease.until:
            lease.left = left
            self._release()
            return left
        try:
            return self._scrape(units, at)
        finally:
            self._release()

    def hold(self, units: int, at: float, *, timeout: float = float("inf")) -> Reservation | Reason:
        """Set units aside for work that may fail, for ``timeout`` seconds at most."""
        with self.lock:
            self.expire_reservations(at)
            lease = self.lease
            if lease.left < units or at >= lease.until:
                refused = self._dry(units, at)
                if isinstance(refused, Reason):
                    return refused
                lease.left += units  # a soft account lends them; it is they that are set aside
            lease.left -= units
            lease.reserved += units
            held = Reservation(self, lease, units, lease.left, at + timeout)
            self.reservations.add(held)
            return held

    def settle(self, held: Reservation, units: int) -> None:
        """End a reservation with ``units`` of it spent; once settled, it stays as it is."""
        with self.lock:
            self.expire_reservations(self._clock())
            if held.confirmed is not None:
                return
            if held.expired:
                self._take_late(held, units)
                return
            held.confirmed = units
            self.reservations.discard(held)
            held.lease.reserved -= held.units
            held.lease.left += held.units if self.slots else held.units - units

    def expire_reservations(self, at: float) -> None:
        """Let reservations go whose time is over. The book's lock is held."""
        for held in [held for held in self.reservations if at >= held.deadline]:
            self.reservations.discard(held)
            held.expired = True
            held.lease.reserved -= held.units
            held.lease.left += held.units

    def note(self, result: LeaseResult, now: float) -> None:
        """Note what an answer says of the account. The book's lock is held."""
        self.remaining, self.limit = result.remaining, result.limit
        self.fence = max(self.fence, result.fence)
        self.shortage.note(result.status, self.asked, now)  # more may be needed since
        self.needed = 0

    def give_up(self, now: float) -> None:
        """Need nothing any more of what was asked for in vain, and pause. The lock is held."""
        self.shortage.note(LeaseStatus.REFUSED, 0, now)
        self.needed = 0

    def may_ask(self, now: float) -> bool:
        """Whether asking for more units may bring any. The book's lock is held."""
        return self.shortage.may_ask(self.needed, now)

    def learn(self, terms: object, *, soft: bool) -> None:
        """Learn what is granted; where that is new, that nothing was left is forgotten."""
        with self.lock:
            self.terms, self.soft = terms, soft
            self.shortage.forget()

    def next_size(self, now: float) -> int:
        """Return how many unspent units the lease should have from now on."""
        taken = self.lease.spent + self.lease.reserved - self.lease.reported
        rate = measured_rate(max(taken, 0), int((now - self.measured_at) * 1000))
        size = max(int(rate * HORIZON_SECONDS), self.size // 2, self.spare, self.needed)
        return min(size, MOST_UNITS)

    def _take_late(self, held: Reservation, units: int) -> None:
        lease = self.lease
        gone = lease.left < units or self._clock() >= lease.until
        if units and gone and not self.soft:
            raise ReservationExpired(units=held.units)
        held.confirmed = units
        if not self.slots:
            lease.left -= units

    def _scrape(self, units: int, at: float) -> int | Reason:
        """Spend what reservations gave up whose time is over, or say why not."""
        self.expire_reservations(at)
        lease = self.lease
        if lease.left < units or at >= lease.until:
            return self._dry(units, at)
        lease.left -= units
        return lease.left

    def _dry(self, units: int, at: float) -> int | Reason:
        if units > MOST_UNITS:  # nobody would grant them, and to ask would spoil the whole request
            return Reason.LIMIT_REACHED
        # Units of a lease that is over are not gone: they can be had again once it is closed.
        gone = units > self.lease.left and self.shortage.covers(units, at)
        if gone:
            self.needed = self.needed or units
        elif self.shortage.covers(self.needed, at):
            self.needed = units  # it may be had; who needs more than there is waits
        else:
            self.needed = max(self.needed, units)
        if self.soft:
            self._wake()
            self.lease.left -= units
            return self.lease.left
        if self.may_ask(at):
            self._wake()
        return Reason.LIMIT_REACHED if gone else Reason.NO_LEASE


class SlotAccount(LeasedAccount):
    """A concurrency feature's: a reservation gives back what it took, however it ends."""

    slots = True

    def spend(self, units: int, at: float) -> int | Reason:
        """Say whether slots are free; ``hold`` takes them."""
        with self.lock:
            self.expire_reservations(at)
            lease = self.lease
            if lease.left >= units and at < lease.until:
                return lease.left
            return self._dry(units, at)
