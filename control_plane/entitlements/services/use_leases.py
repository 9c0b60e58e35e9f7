"""Use case: an instance takes, renews and gives back leases of units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from control_plane.entitlements.errors_leases import LeaseRequestReused
from control_plane.entitlements.lease_accounts import Answered, Asked, LeaseAccounts, lease_uuid
from control_plane.entitlements.lease_lanes import LeaseLanes
from control_plane.entitlements.signer import Signer
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.envelope import Envelope
from control_plane.sdk.lease_messages import (
    LeaseAnswer,
    LeaseOp,
    LeaseOperation,
    LeaseRequest,
    LeaseResult,
    LeaseStatus,
)

_MS = 1000


@dataclass(frozen=True, slots=True)
class UseLeases:
    """Do a request's operations once, and sign what became of them.

    Every operation is decided by the newest entitlement, in one statement and under one lock:
    what all holders have together never exceeds a hard limit, and no operation counts twice.
    Requests of one tenant that arrive together share a transaction.
    """

    work: UnitOfWork
    accounts: LeaseAccounts
    signer: Signer
    lanes: LeaseLanes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lanes", LeaseLanes(self._run))

    async def __call__(self, tenant_id: TenantId, request: LeaseRequest) -> Envelope:
        """Return the signed `LeaseAnswer`; a repeated request is answered as it was.

        Raises:
            LeaseRequestReused: the id was used for other operations.
            SnapshotNotPublished: the tenant has no entitlements yet.
            LeasesOverloaded, LeasesInterrupted: not done, or not known to be; send it again.
        """
        asked = Asked(
            holder=request.holder,
            epoch=request.epoch,
            request_id=request.request_id,
            digest=request.digest(),
            operations=[_asked(operation) for operation in request.operations],
        )
        said = await self.lanes(tenant_id, asked)
        [results] = said.results
        if results is None:
            raise LeaseRequestReused(request_id=request.request_id, field="request_id")
        answer = LeaseAnswer(
            tenant=format_id("ten", tenant_id),
            holder=request.holder,
            request_id=request.request_id,
            issued_at=datetime.fromtimestamp(said.at / _MS, UTC),
            results=tuple(_result(result, said.at) for result in results),
        )
        return self.signer.sign(answer.to_bytes())

    async def _run(self, tenant_id: TenantId, asked: Sequence[Asked]) -> Answered:
        async with self.work(tenant_id) as session:
            return await self.accounts.run(session, tenant_id, asked)


def _asked(operation: LeaseOperation) -> dict[str, object]:
    body = operation.body()
    if "lease" in body:
        body["lease"] = lease_uuid(operation.lease)
    return body


def _result(said: Mapping[str, Any], at: int) -> LeaseResult:
    """Read a result; how long a lease is still good for is told anew each time it is asked."""
    status = LeaseStatus(said["status"])
    left = max((said["expires"] or at) - at, 0) // _MS
    return LeaseResult(
        op=LeaseOp(said["op"]),
        status=status,
        reason=said["reason"],
        lease="" if said["lease"] is None else format_id("lea", UUID(said["lease"])),
        feature=said["feature"] or "",
        period=said["period"] or "",
        fence=said["fence"],
        units=int(said["units"]),
        spent=said["spent"],
        expires_in_seconds=left if status in (LeaseStatus.OK, LeaseStatus.EXHAUSTED) else 0,
        remaining=said["remaining"],
        limit=said["limit"],
    )
