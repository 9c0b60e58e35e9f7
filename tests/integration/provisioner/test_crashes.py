"""A worker killed at any step, before or after its effect: the next one mends what is left."""

from collections import Counter
from dataclasses import dataclass, field

import pytest

from provisioner.domain.instances import ALIVE
from provisioner.runtimes.memory import MemoryRuntime

CHANGES = ("create", "start", "stop", "discard", "remove")


class Killed(BaseException):
    """Stands for SIGKILL: no handler of ours may catch it."""


@dataclass
class Executioner:
    """A runtime that kills its caller at the n-th change, before or after the effect."""

    inner: MemoryRuntime
    fatal: int
    after_effect: bool
    name: str = "memory"
    isolates: bool = True
    count: int = field(default=0)

    def __getattr__(self, method):
        call = getattr(self.inner, method)
        if method not in CHANGES:
            return call

        async def fatal_call(*args):
            self.count += 1
            dies = self.count == self.fatal
            if dies and not self.after_effect:
                raise Killed
            await call(*args)
            if dies:
                raise Killed

        return fatal_call


async def live_through(site, tenant_id, fatal: int, *, after_effect: bool) -> bool:
    """Reconcile with a killer, then without; tell whether the killer struck."""
    killer = Executioner(site.runtime, fatal, after_effect)
    try:
        await site.with_runtime(killer).reconcile(tenant_id)
    except* Killed:
        pass
    assert (await site.reconcile(tenant_id)).converged
    return killer.count >= fatal


@pytest.mark.parametrize("after_effect", [False, True])
async def test_killed_while_bringing_up_it_still_converges_to_one_of_each(
    site, tenant_id, after_effect
):
    bought = None
    for fatal in range(1, 8):
        bought = await site.shop.buy(tenant_id)

        struck = await live_through(site, tenant_id, fatal, after_effect=after_effect)

        rows = site.rows(tenant_id)
        assert {row["state"] for row in rows.values()} == {"ready"}
        running = Counter(
            site.runtime.specs[key].module
            for key, (_, seen) in site.runtime.seen.items()
            if seen.state in ALIVE
        )
        assert running == {"inbound": 1, "ledger": 1, "outbound": 1}
        assert site.live_tokens(tenant_id) == ["inbound", "ledger", "outbound"]
        await site.shop.cancel(tenant_id, bought)
        assert (await site.reconcile(tenant_id)).converged
        assert site.rows(tenant_id) == {}
        if not struck:
            return
    pytest.fail("more changes than expected")


@pytest.mark.parametrize("after_effect", [False, True])
async def test_killed_while_taking_down_nothing_goes_without_its_export(
    site, tenant_id, after_effect
):
    for fatal in range(1, 8):
        bought = await site.shop.buy(tenant_id)
        assert (await site.reconcile(tenant_id)).converged
        await site.shop.cancel(tenant_id, bought)

        struck = await live_through(site, tenant_id, fatal, after_effect=after_effect)

        closed = site.all_rows(tenant_id)
        assert all(row["removed_at"] and row["export_sha256"] for row in closed)
        assert site.runtime.seen == {}
        assert site.live_tokens(tenant_id) == []
        if not struck:
            return
    pytest.fail("more changes than expected")
