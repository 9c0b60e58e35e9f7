"""Read what stands to a customer's credit."""

from dataclasses import dataclass

from billing.repositories.credit import CreditEntry, CreditRepository, CreditSource
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CreditView:
    """The credit by currency, where it comes from, and how it moved."""

    totals: tuple[Money, ...]
    sources: tuple[CreditSource, ...]
    entries: tuple[CreditEntry, ...]


@dataclass(frozen=True, slots=True)
class ReadCredit:
    """What credit notes carried and transfers brought too much, less what was used of it."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> CreditView:
        """Return the credit as it stands."""
        async with self.work(tenant_id) as session:
            repository = CreditRepository(session)
            sources = await repository.left(tenant_id)
            entries = await repository.entries(tenant_id)
        totals: dict[str, Money] = {}
        for source in sources:
            code = source.left.currency.code
            totals[code] = totals[code] + source.left if code in totals else source.left
        return CreditView(
            tuple(totals[code] for code in sorted(totals)), tuple(sources), tuple(entries)
        )
