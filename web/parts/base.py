"""What every other part stands on."""

from functools import cached_property

from control_plane.kernel.clock import Clock, SystemClock
from control_plane.runtime.database import Database
from control_plane.runtime.settings import Settings
from control_plane.runtime.stuck import RuntimeState
from control_plane.runtime.unit_of_work import AuthWork, StaffWork, SystemWork, UnitOfWork
from control_plane.tenancy.clocks import TenantClock


class BasePart:
    """Settings, clock, and the database with one kind of transaction per role."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()

    @cached_property
    def database(self) -> Database:
        return Database(self.settings)

    @cached_property
    def work(self) -> UnitOfWork:
        return UnitOfWork(self.database)

    @cached_property
    def system(self) -> SystemWork:
        return SystemWork(self.database)

    @cached_property
    def staff(self) -> StaffWork:
        return StaffWork(self.database)

    @cached_property
    def auth(self) -> AuthWork:
        return AuthWork(self.database)

    @cached_property
    def tenant_clock(self) -> TenantClock:
        return TenantClock(self.clock)

    @cached_property
    def runtime_state(self) -> RuntimeState:
        return RuntimeState(self.staff)
