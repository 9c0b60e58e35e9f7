"""Use cases: set units aside for work whose size is known only afterwards, and settle them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from control_plane.entitlements.domain.lease_terms import NOT_LEASED
from control_plane.entitlements.errors_leases import (
    ReservationExceeded,
    ReservationNotFound,
    ReservationOver,
    ReservationSettled,
    UnitsExhausted,
    UnitsRefused,
)
from control_plane.entitlements.lease_accounts import Asked, LeaseAccounts, lease_uuid
from control_plane.kernel.ids import LeaseId, TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork

_MS = 1000


@dataclass(frozen=True, slots=True)
class Reservation:
    """Units set aside until ``expires_at`` (real time); ``used`` is what was confirmed of them."""

    id: str
    feature: str
    units: int
    used: int
    expires_at: datetime
    remaining: int


@dataclass(frozen=True, slots=True)
class ReserveUnits:
    """Set all of the units aside or none, until confirmed, released or out of time."""

    work: UnitOfWork
    accounts: LeaseAccounts

    async def __call__(
        self, tenant_id: TenantId, feature: str, units: int, seconds: int, *, holder: str
    ) -> Reservation:
        """Return the reservation.

        Raises:
            UnitsRefused: the feature gives nothing now.
            UnitsExhausted: fewer are left.
        """
        operation: dict[str, object] = {
            "op": "reserve",
            "feature": feature,
            "units": units,
            "seconds": seconds,
        }
        if (await self.accounts.terms(tenant_id, feature)).kind == "seats":
            raise UnitsRefused(feature=feature, reason=NOT_LEASED, field="feature")
        said = await _one(self, tenant_id, holder, operation)
        if said["status"] == "refused":
            raise UnitsRefused(feature=feature, reason=said["reason"], field="feature")
        if said["status"] == "exhausted":
            raise UnitsExhausted(
                feature=feature,
                remaining=said["remaining"],
                limit=said["limit"],
                units=units,
                field="units",
            )
        return _reservation(said)


@dataclass(frozen=True, slots=True)
class SettleReservation:
    """Spend so many of a reservation's units, and give the rest back."""

    work: UnitOfWork
    accounts: LeaseAccounts

    async def __call__(self, tenant_id: TenantId, reservation_id: str, used: int) -> Reservation:
        """Return it as settled; 0 units release it. The same again is answered alike.

        Raises:
            ReservationNotFound: there is none of this id.
            ReservationOver: it ran out before.
            ReservationSettled: it was settled with another number of units.
            ReservationExceeded: fewer were reserved.
        """
        operation: dict[str, object] = {
            "op": "settle",
            "lease": lease_uuid(reservation_id),
            "spent": used,
        }
        said = await _one(self, tenant_id, "", operation)
        status = said["status"]
        if status == "unknown":
            raise ReservationNotFound(reservation_id=reservation_id)
        if status == "lost":
            raise ReservationOver(reservation_id=reservation_id)
        if status == "closed":
            raise ReservationSettled(reservation_id=reservation_id, units=said["spent"])
        if status == "refused":
            raise ReservationExceeded(units=used, reserved=said["units"], field="units")
        return _reservation(said)


async def _one(
    case: ReserveUnits | SettleReservation,
    tenant_id: TenantId,
    holder: str,
    operation: dict[str, object],
) -> dict[str, Any]:
    async with case.work(tenant_id) as session:
        said = await case.accounts.run(session, tenant_id, [Asked(holder, [operation])])
    [results] = said.results
    [result] = results or [{}]
    return result


def _reservation(said: dict[str, Any]) -> Reservation:
    return Reservation(
        id=format_id("lea", LeaseId(UUID(said["lease"]))),
        feature=said["feature"],
        units=said["units"],
        used=said["spent"],
        expires_at=datetime.fromtimestamp(said["expires"] / _MS, UTC),
        remaining=said["remaining"],
    )
