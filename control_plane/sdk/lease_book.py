"""All the leases of one process: what to ask of the control plane, and what its answers change."""

import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from control_plane.sdk.features import FeatureGrant, FeatureKind, Mode
from control_plane.sdk.forks import watch_forks
from control_plane.sdk.lease_account import Lease, LeasedAccount, Reservation, SlotAccount
from control_plane.sdk.lease_due import due, promise, retire
from control_plane.sdk.lease_messages import (
    MOST_OPERATIONS,
    LeaseOp,
    LeaseOperation,
    LeaseRequest,
    LeaseResult,
    LeaseStatus,
)
from control_plane.sdk.quota import QuotaPeriod

_EXTENDED = {LeaseStatus.OK, LeaseStatus.EXHAUSTED}
_WANTING = {LeaseOp.ACQUIRE, LeaseOp.RENEW}


def _nothing() -> None:
    """Nobody waits to be woken."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request without an answer yet; its leases' lives count from when it was first sent."""

    request: LeaseRequest
    subjects: tuple[tuple[LeasedAccount, Lease], ...]
    at: float


class LeaseBook:
    """Holds a process' leases; does no I/O. A ``UnitLedger`` for ``EntitlementState``.

    Whoever keeps it sends what ``begin`` returns and hands the answer to ``finish``. Until there is
    an answer, ``begin`` returns the same request: it may have been carried out already, and a
    repeat changes nothing. Safe to share between threads.

    ``spare`` is how many units a lease has at hand at least, where the limit lets it; ``keeps``
    holds leases that nobody spends from, so that work can begin while the control plane is away.
    """

    def __init__(
        self,
        holder: str,
        clock: Callable[[], float],
        *,
        spare: int = 1,
        keeps: bool = False,
        on_need: Callable[[], None] = _nothing,
    ) -> None:
        self.holder = holder
        self.on_need = on_need
        self._clock, self._spare, self._keeps = clock, spare, keeps
        self._recovers = True
        self._start()
        watch_forks(self)

    def _start(self) -> None:
        self.epoch = secrets.randbits(62)
        self.lock = threading.Lock()
        self._accounts: dict[tuple[str, str], LeasedAccount] = {}
        self._current: dict[str, LeasedAccount] = {}
        self._sent: _Sent | None = None
        self.closed: list[str] = []

    def account(
        self, feature: str, grant: FeatureGrant, period: QuotaPeriod, limit: Decimal
    ) -> LeasedAccount:
        """Return a feature's account in the period that is its present one from now on."""
        account = self._current.get(feature)
        if account is None or account.period != period.key:
            account = self._turn(feature, period.key, grant)
        if account.terms != (terms := (grant, limit)):
            account.learn(terms, soft=grant.mode is Mode.SOFT)
        return account

    def begin(self) -> LeaseRequest | None:
        """Return what is to be sent now: what has no answer yet, or what has become due."""
        with self.lock:
            if self._sent is None:
                now = self._clock()
                asked = [one for account in self._accounts.values() for one in due(account, now)]
                asked = asked[: MOST_OPERATIONS - 1]
                if not asked:
                    return None
                for operation, subject in asked:
                    promise(operation, *subject, now)
                request = LeaseRequest(
                    secrets.token_hex(16),
                    self.holder,
                    self.epoch,
                    tuple(operation for operation, _ in asked),
                )
                self._sent = _Sent(request, tuple(subject for _, subject in asked), now)
            return self._sent.request

    def finish(self, request_id: str, results: tuple[LeaseResult, ...]) -> bool:
        """Apply an answer; False if it answers nothing that still waits for one."""
        with self.lock:
            sent = self._sent
            if sent is None or sent.request.request_id != request_id:
                return False
            self._sent = None
            for subject, operation, result in zip(
                sent.subjects, sent.request.operations, results, strict=True
            ):
                self._apply(*subject, operation, result, sent.at)
            self._drop_idle_accounts()
            return True

    def reject(self, request_id: str) -> None:
        """Give up a request that the control plane will never take; its leases are let go."""
        with self.lock:
            sent = self._sent
            if sent is not None and sent.request.request_id == request_id:
                self._sent = None
                for (account, lease), asked in zip(
                    sent.subjects, sent.request.operations, strict=True
                ):
                    retire(account, lease)
                    if lease in account.old:
                        account.old.remove(lease)
                    if asked.op in _WANTING:
                        account.give_up(self._clock())

    def retire_all(self) -> None:
        """Stop spending: every lease goes back with the next request, once its work is done."""
        with self.lock:
            for account in self._accounts.values():
                account.current = False
                account.needed = 0
                retire(account, account.lease)
            self._current.clear()

    def recover(self) -> None:
        """Tell, when next asking, that all events of this holder's earlier processes are reported.

        What those held and never returned is then settled by what was metered. No earlier process
        of the holder may be running any more, and none of its work may be under way. Nothing
        is told after ``recover_no_more``.
        """
        with self.lock:
            for account in self._accounts.values():
                account.recovers = self._recovers

    def recover_no_more(self) -> None:
        """Take back what was not told yet, and tell it never again: another may be running.

        A request on its way may still tell it: it names no lease that is newer than itself.
        """
        with self.lock:
            self._recovers = False
            for account in self._accounts.values():
                account.recovers = False

    def restore(
        self, feature: str, period: str, lease: Lease, pending: Iterable[int]
    ) -> list[Reservation]:
        """Take over a dead process' lease, only to close it once its ``pending`` work is settled.

        ``lease.cap`` is what was spent of it; ``pending`` are the units of each work under way.
        """
        account = self._accounts.get((feature, period)) or self._new_account(feature, period)
        with self.lock:
            held = [Reservation(account, lease, units, 0) for units in pending]
            lease.reserved = sum(one.units for one in held)
            lease.cap += lease.reserved
            account.old.append(lease)
            account.reservations.update(held)
        return held

    def leases(self) -> list[tuple[LeasedAccount, Lease]]:
        """Return every lease that is not closed yet, with its account."""
        with self.lock:
            return [
                (account, lease)
                for account in self._accounts.values()
                for lease in (account.lease, *account.old)
                if lease.id
            ]

    def need(self) -> None:
        """Say that units are needed; the lock may be held."""
        self.on_need()

    def before_fork(self) -> None:
        """Let no child inherit a lock that is held."""
        self.lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self.lock.release()

    def after_fork_in_child(self) -> None:
        """Hold nothing: the leases are the parent's, and this process is another epoch."""
        for account in self._accounts.values():
            account.lease = Lease()
            account.old.clear()
            account.reservations.clear()
        accounts, current = self._accounts, self._current
        self._start()
        self._accounts, self._current = accounts, current
        for account in accounts.values():
            account.share(self.lock)

    def _turn(self, feature: str, period: str, grant: FeatureGrant) -> LeasedAccount:
        slots = grant.kind is FeatureKind.CONCURRENCY
        lasting = grant.kind is FeatureKind.METERED and grant.rolling_seconds is None
        with self.lock:
            earlier = self._current.get(feature)
            if earlier is not None:
                earlier.current, earlier.needed = False, 0
            account = self._accounts.get((feature, period))
            if account is None or account.slots is not slots:
                account = self._new_account(feature, period, slots=slots)
            account.current, account.shortage.lasting = True, lasting
            self._current[feature] = account
            return account

    def _new_account(self, feature: str, period: str, *, slots: bool = False) -> LeasedAccount:
        account = (SlotAccount if slots else LeasedAccount)(
            feature,
            period,
            lock=self.lock,
            clock=self._clock,
            wake=self.need,
            spare=self._spare,
            keeps=self._keeps,
        )
        self._accounts[feature, period] = account
        return account

    def _apply(
        self,
        account: LeasedAccount,
        lease: Lease,
        operation: LeaseOperation,
        result: LeaseResult,
        sent_at: float,
    ) -> None:
        if operation.op is LeaseOp.RECOVER:
            return
        if operation.op is LeaseOp.CLOSE:
            if lease in account.old:
                account.old.remove(lease)
                self.closed.append(lease.id)
            return
        account.note(result, self._clock())
        if result.status not in _EXTENDED or not result.units:
            if lease.id:
                lease.fence = max(lease.fence, result.fence)
                retire(account, lease)
            return
        if operation.op is LeaseOp.ACQUIRE:
            lease = account.lease  # what was reserved of it before the first answer stays its own
            lease.id = result.lease
        lease.fence = result.fence
        lease.left += result.units - lease.cap
        lease.cap = result.units
        lease.until = self._expiry(sent_at, result.expires_in_seconds)
        lease.renew_at = (sent_at + lease.until) / 2
        account.size = max(lease.left, 1)

    def _expiry(self, sent_at: float, expires_in: int) -> float:
        """Return until when a lease may be spent: the server's count began after the sending."""
        return sent_at + expires_in

    def _drop_idle_accounts(self) -> None:
        for key, account in list(self._accounts.items()):
            if not (account.current or account.lease.id or account.old or account.reservations):
                del self._accounts[key]
