"""Play the buyer in a sandbox: confirm or refuse a red confirmation sheet."""

from dataclasses import dataclass

from billing.domain.fapiao.errors import FapiaoStateRefused, OnlyInSandbox
from billing.providers.fapiao.simulator import FapiaoSimulator
from billing.repositories.fapiao import FapiaoRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import FapiaoId, TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PlayFapiaoBuyer:
    """Decide in the buyer's place, which the simulated platform alone allows."""

    work: UnitOfWork
    simulator: FapiaoSimulator

    async def __call__(
        self, *, tenant_id: TenantId, fapiao_id: FapiaoId, accept: bool, actor: str
    ) -> None:
        """Have the simulator keep the decision; it shows at the next look.

        Raises:
            FapiaoNotFound: the tenant has none of that id.
            OnlyInSandbox: a real platform has the fapiao.
            FapiaoStateRefused: it waits for no buyer.
        """
        async with self.work(tenant_id) as session:
            repository = FapiaoRepository(session)
            fapiao = await repository.get(tenant_id, fapiao_id, lock=True)
            if fapiao.provider != self.simulator.name:
                raise OnlyInSandbox
            kept = await self.simulator.play_buyer(tenant_id, fapiao.request_id, accept=accept)
            if not kept:
                raise FapiaoStateRefused(
                    fapiao_id=format_id("fap", fapiao_id), state=fapiao.state.value
                )
            await repository.update(fapiao, {"next_look_at": fapiao.requested_at})
            await record(
                session,
                tenant_id,
                actor,
                "fapiao.buyer_played",
                "fapiao",
                format_id("fap", fapiao_id),
                {"accepted": accept},
            )
