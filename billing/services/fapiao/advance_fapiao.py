"""Take a fapiao to the platform, and see how it stands there."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from billing.domain.fapiao.errors import FapiaoPlatformUnavailable
from billing.domain.fapiao.records import Fapiao
from billing.domain.fapiao.states import IN_FLIGHT, Colour, FapiaoState
from billing.fapiao_port import (
    BlueRequest,
    FapiaoProvider,
    PlatformState,
    RedRequest,
    Seller,
    Standing,
)
from billing.fapiao_settling import ACTOR, settle
from billing.providers.fapiao.choose import FapiaoProviders
from billing.repositories.fapiao import FapiaoRepository, claim_due
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import FapiaoId, OutboxId, TenantId
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from control_plane.tenancy.clocks import TenantClock

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AdvanceFapiao:
    """Issues once, whatever is retried: a fapiao is marked as handed over before it is.

    Whoever finds that mark asks the platform by our request id first, and sends again only what
    never arrived. Never call it inside an open unit of work.
    """

    work: UnitOfWork
    clock: Clock
    tenant_clock: TenantClock
    providers: FapiaoProviders

    async def __call__(self, *, tenant_id: TenantId, fapiao_id: FapiaoId) -> Fapiao:
        """Move the fapiao as far as the platform has got, and return it.

        Raises:
            FapiaoNotFound: the tenant has none of that id.
            FapiaoPlatformUnavailable: there was no answer; repeat the call.
        """
        fapiao, blue_number, fresh = await self._take(tenant_id, fapiao_id)
        if fapiao.state not in IN_FLIGHT:
            return fapiao
        provider = self.providers.named(fapiao.provider)
        standing = None if fresh else await provider.find(tenant_id, fapiao.request_id)
        if standing is None:
            standing = await _send(provider, fapiao, blue_number)
        if standing.state is PlatformState.CONFIRMED:
            fapiao = await self._settle(fapiao, standing)
            standing = await provider.issue_red(tenant_id, fapiao.request_id)
        return await self._settle(fapiao, standing)

    async def _take(
        self, tenant_id: TenantId, fapiao_id: FapiaoId
    ) -> tuple[Fapiao, str | None, bool]:
        """Mark it as handed over; tell whether nobody had before."""
        async with self.work(tenant_id) as session:
            repository = FapiaoRepository(session)
            fapiao = await repository.get(tenant_id, fapiao_id, lock=True)
            fresh = fapiao.state is FapiaoState.REQUESTED
            if fresh:
                at = self.clock.now() + timedelta(minutes=1)
                values = {"state": FapiaoState.SUBMITTED.value, "next_look_at": at}
                await repository.update(fapiao, values)
                fapiao = await repository.get(tenant_id, fapiao_id)
            blue = fapiao.blue_id and await repository.get(tenant_id, fapiao.blue_id)
            return fapiao, blue.number if blue else None, fresh

    async def _settle(self, fapiao: Fapiao, standing: Standing) -> Fapiao:
        provider = self.providers.named(fapiao.provider)
        async with self.work(fapiao.tenant_id) as session:
            locked = await FapiaoRepository(session).get(fapiao.tenant_id, fapiao.id, lock=True)
            if locked.attempt != fapiao.attempt:  # the answer is about an attempt given up since
                return locked
            return await settle(
                session,
                locked,
                standing,
                actor=ACTOR,
                now=await self.tenant_clock.now(session, fapiao.tenant_id),
                look_from=self.clock.now() if provider.automatic else None,
            )


async def _send(provider: FapiaoProvider, fapiao: Fapiao, blue_number: str | None) -> Standing:
    seller = Seller(fapiao.seller_name, fapiao.seller_tax_id)
    if fapiao.colour is Colour.BLUE:
        return await provider.submit(
            BlueRequest(
                tenant_id=fapiao.tenant_id,
                request_id=fapiao.request_id,
                kind=fapiao.kind,
                seller=seller,
                buyer=fapiao.title,
                content=fapiao.content,
            )
        )
    return await provider.request_red(
        RedRequest(
            tenant_id=fapiao.tenant_id,
            request_id=fapiao.request_id,
            blue_number=blue_number or "",
            kind=fapiao.kind,
            seller=seller,
            buyer=fapiao.title,
            content=fapiao.content,
        )
    )


@dataclass(frozen=True, slots=True)
class DeliverFapiao:
    """The outbox's handler of ``fapiao.requested``."""

    advance: AdvanceFapiao

    async def __call__(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Hand the fapiao over; raises, to be delivered again, while the platform is silent."""
        del delivery_id
        await self.advance(tenant_id=tenant_id, fapiao_id=FapiaoId(UUID(str(payload["fapiao_id"]))))


@dataclass(frozen=True, slots=True)
class LookAtFapiao:
    """Asks the platform about every fapiao that is under way and due to be looked at."""

    system: SystemWork
    advance: AdvanceFapiao
    clock: Clock
    batch: int = 50
    name: str = "look-at-fapiao"
    every_seconds: float = 2.0

    async def run(self) -> int:
        """Look until nothing is due, and return how many fapiao were looked at."""
        looked, found = 0, self.batch
        while found == self.batch:
            now = self.clock.now()
            async with self.system() as session:
                due = await claim_due(session, now, now + timedelta(minutes=1), self.batch)
            for tenant_id, fapiao_id in due:
                await self._look(tenant_id, fapiao_id)
            found = len(due)
            looked += found
        return looked

    async def _look(self, tenant_id: TenantId, fapiao_id: FapiaoId) -> None:
        try:
            await self.advance(tenant_id=tenant_id, fapiao_id=fapiao_id)
        except FapiaoPlatformUnavailable:
            # The claim has put the next look off by a minute; the others are not kept waiting.
            log.warning("fapiao_platform_silent", fapiao_id=str(fapiao_id), exc_info=True)
