"""What a move needs of a store: pages of what it holds, ways to put them in, and its sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from metering.stores.clickhouse.schema import Stamped


class Stage(StrEnum):
    """What is copied, in this order."""

    IDENTITIES = "identities"
    EVENTS = "events"
    RETRACTIONS = "retractions"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a stage, and the mark after them; None: there are no more."""

    stored: Sequence[Stamped]
    mark: str | None


Slice: TypeAlias = tuple[str, str, int]
"""What is compared at once: a stage's name, an event type, and a month (202601; 0: far off)."""

Sums: TypeAlias = Mapping[Slice, tuple[int, ...]]
"""Of each slice how many rows, and the sums of their hashes' lanes and of their transactions."""


class MovableStore(Protocol):
    """A store that a tenant's usage can leave, and enter again.

    A copy keeps the transaction that recorded each row, so that every cut-off means the same in
    both stores. Putting a chunk in twice is as putting it in once.
    """

    async def chunk(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        stage: Stage,
        *,
        cutoff: str,
        mark: str | None,
        limit: int,
    ) -> Chunk:
        """Read rows inside a cut-off, in a fixed order, from a mark on."""

    async def put(
        self, session: AsyncSession, tenant_id: TenantId, stage: Stage, stored: Sequence[Stamped]
    ) -> None:
        """Store copied rows, those that are there already but once."""

    async def sums(
        self, session: AsyncSession, tenant_id: TenantId, *, cutoff: str, since: str | None
    ) -> Sums:
        """Add up rows inside a cut-off, and not inside ``since``, slice by slice.

        PostgreSQL keeps no transaction with an identity: without ``since`` the cut-off must be the
        snapshot of the session's own transaction, which then sees just those; with it, no identity
        is added up.
        """

    async def clear(self, tenant_id: TenantId) -> None:
        """Remove what the store holds of the tenant, where it can: see `docs/metering`."""
