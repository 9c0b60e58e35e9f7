"""Decide about a fapiao that failed: once more, or not at all."""

from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.fapiao.errors import FapiaoStateRefused, TitleMissing
from billing.domain.fapiao.records import Fapiao
from billing.domain.fapiao.states import STOPPED, Colour, FapiaoState
from billing.fapiao_bills import read_bills
from billing.fapiao_settling import hand_over, record_fapiao
from billing.repositories.fapiao import FapiaoRepository, content_values
from billing.services.fapiao.request_fapiao import content_of, sources_of
from control_plane.kernel.ids import FapiaoId, TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork


async def stopped(session: AsyncSession, tenant_id: TenantId, fapiao_id: FapiaoId) -> Fapiao:
    """Lock a fapiao that waits for somebody's decision.

    Raises:
        FapiaoNotFound: the tenant has none of that id.
        FapiaoStateRefused: it is under way, issued or withdrawn.
    """
    fapiao = await FapiaoRepository(session).get(tenant_id, fapiao_id, lock=True)
    if fapiao.state not in STOPPED:
        raise FapiaoStateRefused(fapiao_id=format_id("fap", fapiao_id), state=fapiao.state.value)
    return fapiao


@dataclass(frozen=True, slots=True)
class RetryFapiao:
    """Ask again, under another request id: the platform has refused the one before for good.

    A blue one is made out anew, to the title and over the amounts of now.
    """

    work: UnitOfWork

    async def __call__(self, *, tenant_id: TenantId, fapiao_id: FapiaoId, actor: str) -> Fapiao:
        """Hand the fapiao over again, and return it.

        Raises:
            FapiaoNotFound: the tenant has none of that id.
            FapiaoStateRefused: it has not failed.
            TitleIncomplete: the title of now does not do for a special one.
            FapiaoNothingLeft: an invoice was credited meanwhile; withdraw it instead.
        """
        async with self.work(tenant_id) as session:
            before = await stopped(session, tenant_id, fapiao_id)
            again = await self._anew(session, before)
            again = replace(
                again,
                state=FapiaoState.REQUESTED,
                attempt=before.attempt + 1,
                failure=None,
                retryable=False,
            )
            values = {
                "state": again.state.value,
                "attempt": again.attempt,
                "failure": None,
                "retryable": False,
                "next_look_at": None,
                **content_values(again),
            }
            await FapiaoRepository(session).update(before, values)
            await hand_over(session, again)
            await record_fapiao(session, again, actor, "retried")
            return again

    async def _anew(self, session: AsyncSession, before: Fapiao) -> Fapiao:
        if before.colour is Colour.RED:
            return before
        repository = FapiaoRepository(session)
        title = await repository.title(before.tenant_id)
        if title is None:
            raise TitleMissing
        title.require(before.kind)
        ids = [source.document for source in before.sources]
        bills = await read_bills(session, before.tenant_id, ids, lock=True)
        sources = sources_of(bills)
        for source in sources:
            await repository.relearn(before, source)
        content = content_of(bills, before.kind)
        return replace(before, title=title, content=content, sources=sources)


@dataclass(frozen=True, slots=True)
class WithdrawFapiao:
    """Give a failed fapiao up: a blue one's invoices are free, a red one's amount stands again."""

    work: UnitOfWork

    async def __call__(
        self, *, tenant_id: TenantId, fapiao_id: FapiaoId, actor: str, blue_only: bool = False
    ) -> Fapiao:
        """Withdraw it, and return it.

        Raises:
            FapiaoNotFound: the tenant has none of that id.
            FapiaoStateRefused: it has not failed, or is red and only blue ones may be: whether
                a credit note goes without its red fapiao is the seller's to decide.
        """
        async with self.work(tenant_id) as session:
            repository = FapiaoRepository(session)
            fapiao = await stopped(session, tenant_id, fapiao_id)
            if blue_only and fapiao.colour is Colour.RED:
                raise FapiaoStateRefused(
                    fapiao_id=format_id("fap", fapiao_id), state=fapiao.state.value
                )
            values = {"state": FapiaoState.WITHDRAWN.value, "next_look_at": None}
            await repository.update(fapiao, values)
            if fapiao.blue_id is None:
                await repository.release(fapiao)
            else:
                blue = await repository.get(tenant_id, fapiao.blue_id, lock=True)
                await repository.reserve(blue, fapiao.total.minor)
            withdrawn = replace(fapiao, state=FapiaoState.WITHDRAWN)
            await record_fapiao(session, withdrawn, actor, "withdrawn")
            return withdrawn
