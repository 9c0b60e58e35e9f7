"""Take a whole blue fapiao back (全额红冲), so that another can be made out."""

from dataclasses import dataclass

from billing.domain.fapiao.errors import FapiaoStateRefused
from billing.domain.fapiao.records import Fapiao
from billing.domain.fapiao.reversing import red_of_rest
from billing.domain.fapiao.states import Colour, FapiaoState
from billing.fapiao_settling import open_red
from billing.repositories.fapiao import FapiaoRepository
from control_plane.kernel.ids import FapiaoId, TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class ReverseFapiao:
    """Reverse all that is left of a blue fapiao, say because its title was wrong.

    Once the red one is issued, the invoices are offered again.
    """

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, *, tenant_id: TenantId, fapiao_id: FapiaoId, actor: str) -> Fapiao:
        """Ask for the red fapiao over the rest, and return it.

        Raises:
            FapiaoNotFound: the tenant has none of that id.
            FapiaoStateRefused: it is not an issued blue one of which anything is left.
        """
        async with self.work(tenant_id) as session:
            repository = FapiaoRepository(session)
            blue = await repository.get(tenant_id, fapiao_id, lock=True)
            refused = FapiaoStateRefused(
                fapiao_id=format_id("fap", fapiao_id),
                state="reversed" if blue.reversed else blue.state.value,
            )
            if blue.colour is Colour.RED or blue.state is not FapiaoState.ISSUED or blue.reversed:
                raise refused
            reds = await repository.reds_of(blue)
            content = red_of_rest(blue.content, [red.content for red in reds])
            now = await self.tenant_clock.now(session, tenant_id)
            red = await open_red(session, blue, content, note=None, actor=actor, now=now)
            if red is None:
                raise refused
            return red
