from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import psycopg
import pytest

from control_plane.entitlements.signer import Signer
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.settings import Settings
from control_plane.tenancy.clocks import TenantClock
from provisioner.compose import Provisioner, provisioner_of
from provisioner.ports import Runtime
from provisioner.runtimes.memory import MemoryRuntime
from provisioner.services.module_commands import ModuleCommands
from tests.support.docker import docker_daemon  # noqa: F401 - a fixture
from tests.support.provisioning import FakeModules, Shop


@dataclass
class Site:
    """A control plane with instances in memory, and ways to look behind its back."""

    provisioner: Provisioner
    runtime: MemoryRuntime
    modules: FakeModules
    shop: Shop
    admin: psycopg.Connection

    async def reconcile(self, tenant_id: TenantId):
        return await self.provisioner.reconcile(tenant_id)

    def rows(self, tenant_id: TenantId) -> dict[str, dict]:
        """Records not removed, by module."""
        return {row["module"]: row for row in self.all_rows(tenant_id) if not row["removed_at"]}

    def all_rows(self, tenant_id: TenantId) -> list[dict]:
        cursor = self.admin.cursor(row_factory=psycopg.rows.dict_row)
        found = cursor.execute(
            "SELECT *, xmin::text AS version FROM instances WHERE tenant_id = %s ORDER BY module",
            [tenant_id],
        )
        return found.fetchall()

    def live_tokens(self, tenant_id: TenantId) -> list[str]:
        found = self.admin.execute(
            "SELECT module FROM service_tokens WHERE tenant_id = %s AND revoked_at IS NULL "
            "ORDER BY module",
            [tenant_id],
        )
        return [module for (module,) in found]

    def with_runtime(self, runtime: Runtime) -> Provisioner:
        """The same records, another runtime in front of the instances."""
        reconcile = self.provisioner.reconcile
        step = replace(reconcile.take_step, runtime=runtime)
        return replace(
            self.provisioner,
            runtime=runtime,
            reconcile=replace(reconcile, runtime=runtime, take_step=step),
        )


@pytest.fixture
async def shop(database, work, clock) -> Shop:
    opened = Shop(database, work, clock)
    await opened.open()
    return opened


@pytest.fixture
def signer(settings: Settings) -> Signer:
    return Signer.load(settings.signing_key_path)


@pytest.fixture
async def site(settings, work, system, staff, clock, signer, shop, admin) -> AsyncIterator[Site]:
    def module_of(instance: str) -> str:
        for instance_id, module in admin.execute("SELECT id, module FROM instances"):
            if format_id("ins", instance_id) == instance:
                return module
        raise AssertionError(f"nobody knows {instance}")

    runtime = MemoryRuntime()
    modules = FakeModules(signer.public_keys_text(), module_of)
    made = provisioner_of(
        settings,
        runtime=runtime,
        work=work,
        system=system,
        staff=staff,
        clock=clock,
        tenant_clock=TenantClock(clock),
        signer=signer,
        commands=ModuleCommands(signer, clock, modules.client()),
    )
    yield Site(made, runtime, modules, shop, admin)
    await made.close()
