"""Keep what a person saw on the tax platform, where nothing asks it by itself."""

import re
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from billing.domain.fapiao.errors import (
    FapiaoNumberInvalid,
    FapiaoNumberUsed,
    FapiaoStateRefused,
)
from billing.domain.fapiao.records import Fapiao
from billing.domain.fapiao.states import IN_FLIGHT
from billing.fapiao_port import PlatformState, Standing
from billing.fapiao_settling import settle
from billing.providers.fapiao.choose import FapiaoProviders
from billing.repositories.fapiao import FapiaoRepository
from control_plane.kernel.ids import FapiaoId, TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock

_NUMBER = re.compile(r"[0-9]{20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RecordFapiao:
    """Record that a fapiao was issued by hand, with its number, or that it was refused."""

    work: UnitOfWork
    tenant_clock: TenantClock
    providers: FapiaoProviders

    async def issued(
        self, *, tenant_id: TenantId, fapiao_id: FapiaoId, number: str, actor: str
    ) -> Fapiao:
        """Keep the 20-digit number, and return the issued fapiao.

        Raises:
            FapiaoNotFound: the tenant has none of that id.
            FapiaoNumberInvalid: not 20 digits.
            FapiaoNumberUsed: the number stands on another fapiao.
            FapiaoStateRefused: it does not wait for a person.
        """
        digits = "".join(number.split())
        if not _NUMBER.fullmatch(digits):
            raise FapiaoNumberInvalid(number=number[:40], field="number")
        standing = Standing(PlatformState.ISSUED, number=digits)
        try:
            return await self._keep(tenant_id, fapiao_id, standing, actor)
        except IntegrityError as error:
            if "fapiao_number" in str(error.orig):
                raise FapiaoNumberUsed(number=digits, field="number") from error
            raise

    async def refused(
        self, *, tenant_id: TenantId, fapiao_id: FapiaoId, reason: str, actor: str
    ) -> Fapiao:
        """Keep why it could not be issued, and return the failed fapiao.

        Raises:
            FapiaoNotFound: the tenant has none of that id.
            FapiaoStateRefused: it does not wait for a person.
        """
        standing = Standing(
            PlatformState.FAILED, failure=reason.strip()[:500] or "refused", retryable=True
        )
        return await self._keep(tenant_id, fapiao_id, standing, actor)

    async def _keep(
        self, tenant_id: TenantId, fapiao_id: FapiaoId, standing: Standing, actor: str
    ) -> Fapiao:
        async with self.work(tenant_id) as session:
            fapiao = await FapiaoRepository(session).get(tenant_id, fapiao_id, lock=True)
            by_hand = not self.providers.named(fapiao.provider).automatic
            if not by_hand or fapiao.state not in IN_FLIGHT:
                raise FapiaoStateRefused(
                    fapiao_id=format_id("fap", fapiao_id), state=fapiao.state.value
                )
            now = await self.tenant_clock.now(session, tenant_id)
            async with session.begin_nested():
                return await settle(session, fapiao, standing, actor=actor, now=now, look_from=None)
