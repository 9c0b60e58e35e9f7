"""What entitlements take from whoever counts usage: it is pushed to them, and never asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from control_plane.kernel.ids import TenantId


@dataclass(frozen=True, slots=True)
class LostLeases:
    """An instance's lost leases that one recovery spoke of: up to a fence, of other processes."""

    holder: str
    fence: int
    epoch: int


@dataclass(frozen=True, slots=True)
class MeteredAccount:
    """An account whose units a meter counts too, between ``start`` (None: ever) and ``end``.

    ``lost`` is set where only one instance's events are wanted, to settle what it lost.
    """

    feature: str
    meter: str
    period: str
    start: datetime | None
    end: datetime | None
    lost: LostLeases | None = None


@dataclass(frozen=True, slots=True)
class UsageWanted:
    """What accounts want to know; events read from now on were committed by ``as_of`` or later."""

    as_of: datetime
    accounts: tuple[MeteredAccount, ...]


class UsageSink(Protocol):
    """The accounts, as metering sees them."""

    async def wanted(self, tenant_id: TenantId) -> UsageWanted:
        """Return the present accounts that have a meter."""

    async def lost(self, tenant_id: TenantId) -> UsageWanted:
        """Return the lost leases that wait to be settled.

        Those are of holders that have said that all their events are delivered.
        """

    async def record(
        self, tenant_id: TenantId, as_of: datetime, used: Sequence[tuple[MeteredAccount, int]]
    ) -> None:
        """Keep how many units were used, by all or by the holder of lost leases.

        An older ``as_of`` than the one known changes nothing.
        """

    async def waiting(self) -> Sequence[TenantId]:
        """Return the tenants with lost leases that wait to be settled."""
