"""A control plane for leases in a few lines, one account: what the real one must agree with.

The switches break it on purpose, one rule at a time.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from control_plane.sdk.lease_messages import (
    LeaseOp,
    LeaseOperation,
    LeaseRequest,
    LeaseResult,
    LeaseStatus,
)
from control_plane.sdk.leases import LEASE_SECONDS, RECLAIM_MARGIN_SECONDS


@dataclass
class ModelLease:
    id: str
    holder: str
    epoch: int
    fence: int
    units: int
    spent: int
    expires_at: float
    state: str = "open"
    drained: tuple[int, int] | None = None

    @property
    def unspent(self) -> int:
        return self.units - self.spent


@dataclass
class ModelServer:
    limit: int
    now: Callable[[], float]
    checks_fence: bool = True
    margin: float = RECLAIM_MARGIN_SECONDS
    knows_answers: bool = True
    lost_is_free: bool = False
    name: str = "lea"
    leases: dict[str, ModelLease] = field(default_factory=dict)
    answers: dict[tuple[str, str], tuple[LeaseResult, ...]] = field(default_factory=dict)
    metered: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    spent: int = 0
    held: int = 0
    lost: int = 0
    fences: int = 0
    calls: int = 0

    @property
    def free(self) -> int:
        return self.limit - self.spent - self.held - self.lost

    def handle(self, request: LeaseRequest) -> tuple[LeaseResult, ...]:
        """Carry a request out in one transaction, once."""
        self.calls += 1
        key = request.holder, request.request_id
        if self.knows_answers and key in self.answers:
            return self.answers[key]
        results = tuple(self._do(request, operation) for operation in request.operations)
        self.answers[key] = results
        self._settle()
        return results

    def sweep(self) -> None:
        """Take leases for lost that nobody renewed or closed in time."""
        for lease in self.leases.values():
            if lease.state == "open" and self.now() >= lease.expires_at + self.margin:
                lease.state = "lost"
                self.held -= lease.unspent
                if self.lost_is_free:
                    lease.state, lease.units = "closed", lease.spent
                self.lost += lease.unspent
        self._settle()

    def check(self) -> None:
        """Granted = spent + held + lost + returned, and never more than there is."""
        leases = self.leases.values()
        assert self.spent == sum(lease.spent for lease in leases)
        assert self.held == sum(lease.unspent for lease in leases if lease.state == "open")
        assert self.lost == sum(lease.unspent for lease in leases if lease.state == "lost")
        assert all(lease.unspent >= 0 for lease in leases)
        assert self.spent + self.held + self.lost + self.free == self.limit
        assert self.free >= 0

    def _do(self, request: LeaseRequest, operation: LeaseOperation) -> LeaseResult:
        if operation.op is LeaseOp.ACQUIRE:
            return self._acquire(request, operation)
        if operation.op is LeaseOp.RECOVER:
            return self._recover(request, operation)
        lease = self.leases.get(operation.lease)
        if lease is None:
            return LeaseResult(operation.op, LeaseStatus.UNKNOWN)
        if lease.state == "closed":
            return LeaseResult(operation.op, LeaseStatus.CLOSED)
        if operation.op is LeaseOp.CLOSE:
            return self._close(lease, operation)
        return self._renew(lease, operation)

    def _acquire(self, request: LeaseRequest, operation: LeaseOperation) -> LeaseResult:
        units = self._grant(operation)
        if not units:
            return self._answer(LeaseOp.ACQUIRE, LeaseStatus.EXHAUSTED, None)
        lease = ModelLease(
            f"{self.name}_{len(self.leases)}",
            request.holder,
            request.epoch,
            0,
            units,
            0,
            self.now() + LEASE_SECONDS,
        )
        self.leases[lease.id] = lease
        self.held += units
        return self._answer(LeaseOp.ACQUIRE, LeaseStatus.OK, lease)

    def _renew(self, lease: ModelLease, operation: LeaseOperation) -> LeaseResult:
        if lease.state == "lost":
            return LeaseResult(LeaseOp.RENEW, LeaseStatus.LOST)
        if self.checks_fence and operation.fence != lease.fence:
            return LeaseResult(LeaseOp.RENEW, LeaseStatus.FENCED)
        reported = max(operation.spent - lease.spent, 0)
        lease.spent += reported
        self.spent += reported
        self.held -= reported
        grown = operation.units - lease.units
        if grown > 0:
            grown = self._grant(operation, grown)
        grown = max(grown, -lease.unspent)
        lease.units += grown
        self.held += grown
        lease.expires_at = self.now() + LEASE_SECONDS
        wanted_more = operation.units > lease.units and grown == 0
        status = LeaseStatus.EXHAUSTED if wanted_more else LeaseStatus.OK
        return self._answer(LeaseOp.RENEW, status, lease)

    def _close(self, lease: ModelLease, operation: LeaseOperation) -> LeaseResult:
        if operation.spent < lease.spent:
            return LeaseResult(LeaseOp.CLOSE, LeaseStatus.FENCED)
        if lease.state == "open":
            self.held -= lease.unspent
        else:
            self.lost -= lease.unspent
        self.spent += operation.spent - lease.spent
        lease.spent = lease.units = operation.spent
        lease.state = "closed"
        return self._answer(LeaseOp.CLOSE, LeaseStatus.OK, lease)

    def _recover(self, request: LeaseRequest, operation: LeaseOperation) -> LeaseResult:
        """Note of which leases all events are metered: those still open may yet be lost."""
        for lease in self.leases.values():
            earlier = lease.holder == request.holder and lease.epoch != request.epoch
            if earlier and lease.state != "closed" and lease.fence <= operation.fence:
                lease.drained = operation.fence, request.epoch
        return LeaseResult(operation.op, LeaseStatus.OK)

    def _settle(self) -> None:
        """Let what was metered say what was spent of leases that are lost and were spoken of."""
        for lease in self.leases.values():
            if lease.state != "lost" or lease.drained is None or lease.fence > lease.drained[0]:
                continue
            fence, epoch = lease.drained
            reported = sum(
                one.spent
                for one in self.leases.values()
                if one.holder == lease.holder and one.epoch != epoch and one.fence <= fence
            )
            used = min(max(self.metered[lease.holder] - reported, 0), lease.unspent)
            self.lost -= lease.unspent
            self.spent += used
            lease.spent += used
            lease.units, lease.state = lease.spent, "closed"

    def _grant(self, operation: LeaseOperation, wanted: int | None = None) -> int:
        if self.free < operation.need:
            return 0
        holders = len({one.holder for one in self.leases.values() if one.state == "open"})
        share = max(operation.need, self.free // (2 * max(holders, 1)))
        return min(operation.units if wanted is None else wanted, share)

    def _answer(self, op: LeaseOp, status: LeaseStatus, lease: ModelLease | None) -> LeaseResult:
        if lease is None:
            return LeaseResult(op, status, fence=self.fences, remaining=self.free, limit=self.limit)
        self.fences += 1
        lease.fence = self.fences
        return LeaseResult(
            op,
            status,
            lease=lease.id,
            fence=lease.fence,
            units=lease.units,
            spent=lease.spent,
            expires_in_seconds=LEASE_SECONDS,
            remaining=self.free,
            limit=self.limit,
        )
