"""Use case: take units at once, for callers that hold no lease."""

from dataclasses import dataclass

from control_plane.entitlements.domain.lease_terms import NOT_LEASED
from control_plane.entitlements.errors_leases import LeaseRequestReused
from control_plane.entitlements.lease_accounts import Asked, LeaseAccounts
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.decide import Reason

_HOLDER = "consume"
_EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class Consumed:
    """Whether the units were taken; ``remaining`` is below zero where a soft limit is exceeded."""

    allowed: bool
    reason: str
    limit: int | None
    remaining: int


@dataclass(frozen=True, slots=True)
class ConsumeUnits:
    """Take all of the units or none, in one conditional statement of the running transaction."""

    work: UnitOfWork
    accounts: LeaseAccounts

    async def __call__(
        self, tenant_id: TenantId, feature: str, units: int, *, key: str | None = None
    ) -> Consumed:
        """Tell what became of it; with a ``key``, once, however often it is asked for an hour.

        A refusal counts nothing: ``reason`` is a `Reason`, or ``not_leased`` for features whose
        units are not spent (slots, seats, and features without units).

        Raises:
            SnapshotNotPublished: nothing was published for the tenant yet.
            LeaseRequestReused: the key was used for other units or another feature.
        """
        operation: dict[str, object] = {"op": "consume", "feature": feature, "units": units}
        asked = Asked(_HOLDER, [operation], key, sha256_hex(canonical_json(operation)))
        terms = await self.accounts.terms(tenant_id, feature)
        if terms.kind in ("concurrency", "seats"):
            return Consumed(allowed=False, reason=NOT_LEASED, limit=None, remaining=0)
        async with self.work(tenant_id) as session:
            said = await self.accounts.run(session, tenant_id, [asked])
        [results] = said.results
        if results is None:
            raise LeaseRequestReused(request_id=key, field="key")
        [result] = results
        reason = result["reason"] or Reason.GRANTED.value
        if result["status"] == _EXHAUSTED:
            reason = Reason.LIMIT_REACHED.value
        allowed = result["status"] == "ok"
        return Consumed(allowed, reason, result["limit"], result["remaining"])
