"""Check the numbers of every legal entity, and raise the alarm over gaps."""

from dataclasses import dataclass, field

from billing.repositories.findings import FindingRepository
from billing.services.check_books import CheckNumbers
from billing.services.revenue.alarm import Alarm
from control_plane.kernel.clock import Clock
from control_plane.runtime.unit_of_work import StaffWork, UnitOfWork


@dataclass(frozen=True, slots=True)
class AuditNumbers:
    """What no tenant's own check can see. A gap is kept with whose document follows it."""

    staff: StaffWork
    work: UnitOfWork
    clock: Clock
    alarm: Alarm = field(default_factory=Alarm)

    async def __call__(self) -> int:
        """Keep what is found, forget what is mended, and return how many rules are broken."""
        found = await CheckNumbers(self.staff)()
        async with self.staff() as session:
            known = await FindingRepository(session).of_numbers()
        for tenant_id in sorted({*known, *found}):
            async with self.work(tenant_id) as session:
                findings, now = found.get(tenant_id, []), self.clock.now()
                await self.alarm(session, tenant_id, findings, now, of_numbers=True)
        return sum(map(len, found.values()))
