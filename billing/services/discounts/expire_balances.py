"""Use case: grant the credits of begun cycles, and let balances lapse that came to their end."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from billing.credits_desk import CreditDesk
from billing.discounts_desk import Discounts
from billing.domain.ledger import merged, prepaid_expired_entries
from billing.each_tenant import each_tenant
from billing.repositories.accounts import AccountRepository
from billing.repositories.credits import CreditRepository
from billing.repositories.ledger import Kind, LedgerRepository, Posting
from billing.repositories.wallet_rows import Lapsed
from billing.repositories.wallets import WalletRepository
from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from control_plane.tenancy.clocks import TenantClock

ACTOR = "billing"
_BATCH = 200

_NEXT = text(
    "SELECT min(expires_at) FROM ("
    "SELECT next_at AS expires_at FROM credit_schedules WHERE tenant_id = :tenant_id UNION ALL "
    "SELECT expires_at FROM credit_grants WHERE tenant_id = :tenant_id AND free_minor > 0 "
    "UNION ALL SELECT expires_at FROM wallet_topups "
    "WHERE tenant_id = :tenant_id AND free_minor > 0) AS ending WHERE expires_at > :after"
)
# An invoice that is due before a balance ends may still use it: the close comes first.
_DUE = text(
    "SELECT DISTINCT e.tenant_id FROM ("
    "SELECT tenant_id, next_at AS expires_at FROM credit_schedules WHERE next_at IS NOT NULL "
    "UNION ALL "
    "SELECT tenant_id, expires_at FROM credit_grants "
    "WHERE free_minor > 0 AND expires_at IS NOT NULL "
    "UNION ALL SELECT tenant_id, expires_at FROM wallet_topups "
    "WHERE free_minor > 0 AND expires_at IS NOT NULL) AS e "
    "LEFT JOIN test_clocks c ON c.tenant_id = e.tenant_id "
    "LEFT JOIN billing_accounts a ON a.tenant_id = e.tenant_id "
    "WHERE e.expires_at <= coalesce(c.now_at, :now) "
    "AND (a.next_due_at IS NULL OR a.parked_at IS NOT NULL OR a.next_due_at >= e.expires_at) "
    "LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class ExpireBalances:
    """Pass what ends and begins of one customer's balances, each at its own instant, once.

    Recurring credits are granted and roll over; ended credits and top-ups lapse.
    """

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, tenant_id: TenantId) -> int:
        """Return how many balances changed."""
        async with self.work(tenant_id) as session:
            account = await AccountRepository(session).lock(tenant_id)
            upto = await self.tenant_clock.now(session, tenant_id)
            if account is not None and account.parked_reason is None and account.next_due_at:
                upto = min(upto, account.next_due_at)
            changed = await CreditDesk(session).bring_up(tenant_id, upto)
            grants = await CreditRepository(session).expire(tenant_id, upto)
            for grant_id in grants:
                shown = format_id("crd", grant_id)
                await record(session, tenant_id, ACTOR, "credit.expired", "credit", shown, {})
            topups = await WalletRepository(session).expire(tenant_id, upto)
            for lapsed in topups:
                await LedgerRepository(session).book(tenant_id, _posting(lapsed))
                shown = format_id("top", lapsed.topup_id)
                details = {"amount_minor": lapsed.amount.minor}
                await record(session, tenant_id, ACTOR, "topup.expired", "topup", shown, details)
            if topups:
                await Discounts().top_up_where_low(session, tenant_id, upto)
        return changed + len(grants) + len(topups)

    async def next_end(self, tenant_id: TenantId, after: datetime) -> datetime | None:
        """Return when the next balance ends, or a credit comes again, later than ``after``."""
        values = {"tenant_id": tenant_id, "after": after}
        async with self.work(tenant_id) as session:
            found: datetime | None = await session.scalar(_NEXT, values)
        return None if found is None else found.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class ExpireDueBalances:
    """Finds customers with ended balances and begun cycles, by their own clocks."""

    system: SystemWork
    expire: ExpireBalances
    clock: Clock
    name: str = "expire-balances"
    every_seconds: float = 60.0

    async def run(self) -> int:
        """Grant what is due, lapse what has ended, and return how many balances that were.

        Raises:
            TenantsFailed: it failed for some customers; the others were done.
        """
        async with self.system() as session:
            values = {"now": self.clock.now(), "most": _BATCH}
            tenants = [TenantId(row) for row in await session.scalars(_DUE, values)]
        return await each_tenant(self.name, tenants, self.expire)


@dataclass(frozen=True, slots=True)
class BalanceParticipant:
    """Stops a test clock wherever a balance ends, or a credit comes again."""

    expire: ExpireBalances

    async def next_boundary(self, tenant_id: TenantId, after: datetime) -> datetime | None:
        """Name the next instant at which a balance ends, or a credit comes again."""
        return await self.expire.next_end(tenant_id, after)

    async def settle(self, tenant_id: TenantId) -> bool:
        """Grant what is due and lapse what has ended; busy while there was anything."""
        return bool(await self.expire(tenant_id))


def _posting(lapsed: Lapsed) -> Posting:
    """Post what lapsed as earned: without the tax, which was paid and stays paid."""
    return Posting(
        Kind.PREPAID_EXPIRED,
        f"topup-expired:{lapsed.topup_id}",
        merged(prepaid_expired_entries(lapsed.amount - lapsed.tax)),
        lapsed.ended_at,
        source_id=lapsed.topup_id,
    )
