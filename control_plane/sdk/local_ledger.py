"""Units counted in this process alone: for the emulator and the test double, never for a fleet."""

import threading
from bisect import insort
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from control_plane.sdk.decide import Reason, UnitAccount
from control_plane.sdk.features import FeatureGrant, FeatureKind, Mode
from control_plane.sdk.lease_account import ReservationExpired, confirmable
from control_plane.sdk.quota import QuotaPeriod
from control_plane.sdk.units import FOR_EVER


@dataclass(slots=True, eq=False)
class _Taken:
    """Units taken at a monotonic instant."""

    at: float
    units: int


@dataclass(slots=True, eq=False)
class LocalAccount:
    """One feature in one period: how much of ``limit`` is used, or set aside."""

    limit: int
    soft: bool = False
    slots: bool = False
    used: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    _ending: "list[LocalHold]" = field(default_factory=list)

    def spend(self, units: int, at: float) -> int | Reason:
        """Spend units, as ``UnitAccount.spend`` says."""
        with self.lock:
            taken = self._take(units, at)
            if isinstance(taken, Reason):
                return taken
            if self.slots:
                self.give_back(taken, units)
            return self.left()

    def left(self) -> int:
        """Return the units at hand, as when they were last asked for."""
        return self.limit - self.used

    def hold(self, units: int, at: float, *, timeout: float = FOR_EVER) -> "LocalHold | Reason":
        """Set units aside, as ``UnitAccount.hold`` says."""
        with self.lock:
            taken = self._take(units, at)
            if isinstance(taken, Reason):
                return taken
            hold = LocalHold(self, taken, units, self.left(), at + timeout)
            if timeout != FOR_EVER:
                self._ending.append(hold)
            return hold

    def give_back(self, taken: _Taken, units: int) -> None:
        """Take less than was taken; what time gave back already does not come back again."""
        back = min(units, taken.units)
        taken.units -= back
        self.used -= back

    def renew(self, at: float) -> None:
        """Give back what time alone gives back: in a calendar period, nothing."""

    def note(self, taken: _Taken) -> None:
        """Remember what was taken, where time gives it back."""

    def retake(self, taken: _Taken, units: int) -> bool:
        """Take units again that were given up when their time was over."""
        if self.left() < units and not self.soft:
            return False
        taken.units += units
        self.used += units
        self.note(taken)
        return True

    def _take(self, units: int, at: float) -> _Taken | Reason:
        self.renew(at)
        for hold in [one for one in self._ending if one.deadline <= at or one.settled]:
            self._ending.remove(hold)
            hold.expire()
        if self.used + units > self.limit and not self.soft:
            return Reason.LIMIT_REACHED
        self.used += units
        taken = _Taken(at, units)
        self.note(taken)
        return taken


@dataclass(slots=True, eq=False)
class _RenewedAccount(LocalAccount):
    """Time gives back what was taken, the oldest first."""

    _kept: deque[_Taken] = field(default_factory=deque)

    def note(self, taken: _Taken) -> None:
        """Remember when it was taken, and in which order."""
        insort(self._kept, taken, key=lambda kept: kept.at)


@dataclass(slots=True, eq=False)
class RollingAccount(_RenewedAccount):
    """What was taken comes back after so many seconds."""

    seconds: int = 1

    def renew(self, at: float) -> None:
        """Give back what was taken a whole window ago."""
        while self._kept and self._kept[0].at <= at - self.seconds:
            taken = self._kept.popleft()
            self.give_back(taken, taken.units)


@dataclass(slots=True, eq=False)
class RateAccount(_RenewedAccount):
    """A bucket of ``limit`` tokens that fills at a rate; what was taken flows back whole."""

    per_second: Decimal = Decimal(1)
    _since: Fraction | None = None

    def renew(self, at: float) -> None:
        """Give back the whole tokens of the time that passed, and keep the rest of that time."""
        now, rate = Fraction(at), Fraction(self.per_second)
        since = now if self._since is None else self._since
        tokens = int((now - since) * rate)
        full = tokens >= self.used
        self._since = now if full else since + (tokens / rate if tokens else 0)
        tokens = min(tokens, self.used)
        while self._kept and tokens >= self._kept[0].units:
            taken = self._kept.popleft()
            tokens -= taken.units
            self.give_back(taken, taken.units)
        if tokens:
            self.give_back(self._kept[0], tokens)


@dataclass(slots=True, eq=False)
class LocalHold:
    """Units set aside in a local account."""

    account: LocalAccount
    taken: _Taken
    units: int
    remaining: int
    deadline: float
    settled: bool = False
    expired: bool = False

    def confirm(self, units: int | None = None) -> None:
        """Spend so many of them, all unless said; a slot comes back whole.

        Raises:
            ReservationExceeded: ``units`` is negative, or more than was set aside.
            ReservationExpired: the time is over, and others have had the units.
        """
        self._settle(confirmable(units, self.units))

    def release(self) -> None:
        """Spend none."""
        self._settle(0)

    def expire(self) -> None:
        """Give the units up, the time being over. The account's lock is held."""
        if not self.settled:
            self.expired = True
            self.account.give_back(self.taken, self.units)

    def _settle(self, spent: int) -> None:
        with self.account.lock:
            if self.settled:
                return
            kept = 0 if self.account.slots else spent
            if not self.expired:
                self.account.give_back(self.taken, self.units - kept)
            elif spent and not self.account.retake(self.taken, spent):
                raise ReservationExpired(units=self.units)
            elif spent > kept:  # a slot that was still free
                self.account.give_back(self.taken, spent)
            self.settled = True


class LocalLedger:
    """Every account of this process. Two processes with the same limit use it twice over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: dict[tuple[str, str], LocalAccount] = {}

    def account(
        self, feature: str, grant: FeatureGrant, period: QuotaPeriod, limit: Decimal
    ) -> UnitAccount:
        """Return the account of a feature in a period; a new limit counts from now on."""
        with self._lock:
            account = self._accounts.get((feature, period.key))
            if account is None:
                account = self._accounts[feature, period.key] = _open(grant)
            account.limit = int(_capacity(grant, limit))
            if isinstance(account, RateAccount):
                account.per_second = limit
            return account

    def used(self, feature: str) -> int:
        """Return the units of a feature that are used or set aside, of all its periods together."""
        with self._lock:
            return sum(one.used for (code, _), one in self._accounts.items() if code == feature)


def _open(grant: FeatureGrant) -> LocalAccount:
    if grant.kind is FeatureKind.RATE:
        return RateAccount(0)
    if grant.rolling_seconds is not None:
        soft = grant.mode is Mode.SOFT
        return RollingAccount(0, soft=soft, seconds=grant.rolling_seconds)
    slots = grant.kind is FeatureKind.CONCURRENCY
    return LocalAccount(0, soft=grant.mode is Mode.SOFT, slots=slots)


def _capacity(grant: FeatureGrant, limit: Decimal) -> Decimal:
    """Return how many units may be out at a time: of a rate, the burst of the window in force."""
    bursts = [window.burst for window in grant.windows if window.value == limit and window.burst]
    return max(bursts, default=limit)
