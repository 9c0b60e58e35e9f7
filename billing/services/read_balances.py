"""Read what a tenant's ledger accounts hold."""

from dataclasses import dataclass

from billing.domain.ledger import Account
from billing.repositories.ledger import LedgerRepository
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ReadBalances:
    """Sum every account of the ledger, by currency; debits are positive."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> dict[tuple[Account, str], Money]:
        """Return the balance of each account and currency that was ever posted to."""
        async with self.work(tenant_id) as session:
            return await LedgerRepository(session).balances(tenant_id)
