"""The title (开票信息): to whom a tenant's fapiao are made out."""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.domain.fapiao.title import Title, TitleKind, title_of
from billing.repositories.fapiao import FapiaoRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class GetFapiaoTitle:
    """Read the title."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> Title | None:
        """Return the title; None before anybody filled it in."""
        async with self.work(tenant_id) as session:
            return await FapiaoRepository(session).title(tenant_id)


@dataclass(frozen=True, slots=True)
class SetFapiaoTitle:
    """Keep another title; fapiao that were asked for keep the one they were asked for with."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self, *, tenant_id: TenantId, kind: TitleKind, texts: Mapping[str, str], actor: str
    ) -> Title:
        """Check the title, keep it and return it.

        Raises:
            TitleInvalid: a text is too long, not printable, or the name is missing.
            TaxpayerNumberInvalid: a company's number is missing or its check character is wrong.
            EmailInvalid: the address to receive at is none.
        """
        title = title_of(kind, texts)
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            await FapiaoRepository(session).save_title(tenant_id, title, now)
            await record(
                session,
                tenant_id,
                actor,
                "fapiao_title.changed",
                "fapiao_title",
                format_id("ten", tenant_id),
                {"kind": title.kind.value, "name": title.name, "tax_id": title.tax_id},
            )
        return title
