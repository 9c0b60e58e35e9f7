"""What the daily check of the books found, over all tenants."""

from dataclasses import dataclass

from billing.repositories.findings import FindingRepository, KeptFinding
from control_plane.runtime.unit_of_work import StaffWork


@dataclass(frozen=True, slots=True)
class ListFindings:
    """Broken rules that no later check found mended. Read-only, for the vendor's staff."""

    staff: StaffWork

    async def __call__(self, *, limit: int = 100) -> list[KeptFinding]:
        """Return them, the newest first."""
        async with self.staff() as session:
            return await FindingRepository(session).all(limit=limit)

    async def count(self) -> int:
        """Count them, for the figure that alerts watch."""
        async with self.staff() as session:
            return await FindingRepository(session).count()
