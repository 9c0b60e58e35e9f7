"""Use cases: set units aside for work whose size is known only afterwards, and settle them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from control_plane.entitlements.domain.lease_terms import NOT_LEASED
from control_plane.entitlements.errors_leases import (
    ReservationExceeded,
    ReservationLengthInvalid,
    ReservationNotFound,
    ReservationOver,
    ReservationSettled,
    UnitsExhausted,
    UnitsRefused,
)
from control_plane.entitlements.lease_accounts import Asked, LeaseAccounts, lease_uuid
from control_plane.kernel.ids import LeaseId, TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork

MOST_SECONDS = 86_400
MOST_LISTED = 1_000

_MS = 1000
_OPEN = text(
    "SELECT id, feature, units, expires_at FROM leases WHERE tenant_id = :tenant_id "
    "AND kind = 'reservation' AND state = 'open' ORDER BY id LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class Reservation:
    """Units set aside until ``expires_at`` (real time); ``used`` is what was confirmed of them."""

    id: str
    feature: str
    units: int
    used: int
    expires_at: datetime


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
            ReservationLengthInvalid: ``seconds`` is not 1 to ``MOST_SECONDS``.
        """
        if not 1 <= seconds <= MOST_SECONDS:
            raise ReservationLengthInvalid(value=seconds, most=MOST_SECONDS, field="seconds")
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

    async def list(self, tenant_id: TenantId) -> tuple[Reservation, ...]:
        """Return the first thousand that are open."""
        async with self.work(tenant_id) as session:
            bound = {"tenant_id": tenant_id, "most": MOST_LISTED}
            rows = await session.execute(_OPEN, bound)
            return tuple(
                Reservation(
                    format_id("lea", LeaseId(row.id)), row.feature, row.units, 0, row.expires_at
                )
                for row in rows
            )


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
    )
