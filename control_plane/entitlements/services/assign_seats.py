"""Use cases: who has a seat of a feature."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from control_plane.entitlements.errors_leases import (
    SeatNameInvalid,
    SeatNotFound,
    UnitsExhausted,
    UnitsRefused,
)
from control_plane.entitlements.lease_accounts import Asked, LeaseAccounts
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork

MOST_SEATS = 10_000
MOST_LETTERS = 200

_SEATS = text(
    "SELECT feature, holder, opened_at FROM leases WHERE tenant_id = :tenant_id "
    "AND kind = 'seat' AND state = 'open' ORDER BY feature, holder LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat and who has it; ``since`` is real time."""

    feature: str
    name: str
    since: datetime


@dataclass(frozen=True, slots=True)
class AssignSeat:
    """Give somebody a seat while there are any, or take it back."""

    work: UnitOfWork
    accounts: LeaseAccounts

    async def __call__(self, tenant_id: TenantId, feature: str, name: str) -> int:
        """Return how many seats are left; whoever has one keeps it and takes no second.

        Raises:
            UnitsRefused: the feature has no seats now.
            UnitsExhausted: all are taken.
            SeatNameInvalid: the name is empty or too long.
        """
        if not 1 <= len(name.strip()) <= MOST_LETTERS:
            raise SeatNameInvalid(value=name[:MOST_LETTERS], most=MOST_LETTERS, field="name")
        said = await self._do(tenant_id, "seat", feature, name)
        if said["status"] == "refused":
            raise UnitsRefused(feature=feature, reason=said["reason"], field="feature")
        if said["status"] == "exhausted":
            raise UnitsExhausted(
                feature=feature, remaining=0, limit=said["limit"], units=1, field="feature"
            )
        return int(said["remaining"])

    async def end(self, tenant_id: TenantId, feature: str, name: str) -> int:
        """Take a seat back and return how many are left.

        Raises:
            SeatNotFound: nobody of that name has one.
        """
        said = await self._do(tenant_id, "unseat", feature, name)
        if said["status"] == "unknown":
            raise SeatNotFound(name=name, feature=feature, field="name")
        return int(said["remaining"])

    async def list(self, tenant_id: TenantId) -> tuple[Seat, ...]:
        """Return who has a seat, by feature and name."""
        async with self.work(tenant_id) as session:
            rows = await session.execute(_SEATS, {"tenant_id": tenant_id, "most": MOST_SEATS})
            return tuple(Seat(*row) for row in rows)

    async def _do(
        self, tenant_id: TenantId, op: str, feature: str, name: str
    ) -> "dict[str, int | str]":
        operation: dict[str, object] = {"op": op, "feature": feature, "name": name}
        terms = await self.accounts.terms(tenant_id, feature)
        if op == "seat" and terms.deny is None and terms.kind != "seats":
            raise UnitsRefused(feature=feature, reason="not_seats", field="feature")
        async with self.work(tenant_id) as session:
            said = await self.accounts.run(session, tenant_id, [Asked("", [operation])])
        [results] = said.results
        [result] = results or [{}]
        return result
