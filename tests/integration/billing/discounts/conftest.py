"""Everything that lowers or settles invoices, over a real database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
import pytest

from billing.discounts_desk import Discounts, Held
from billing.domain.assembling import Assembled, assemble
from billing.domain.discounts.records import Offer, Topup
from billing.domain.discounts.recurring import Schedule
from billing.services.discounts.coupons import CreateCoupon
from billing.services.discounts.expire_balances import (
    BalanceParticipant,
    ExpireBalances,
    ExpireDueBalances,
)
from billing.services.discounts.grant_credit import GrantCredit
from billing.services.discounts.list_discounts import Holdings, ListDiscounts
from billing.services.discounts.open_wallet import OpenWallet
from billing.services.discounts.record_topup_payment import RecordTopupPayment
from billing.services.discounts.recur_credit import Cycle, RecurCredit
from billing.services.discounts.redeem_coupon import RedeemCoupon
from billing.services.discounts.request_topup import RequestTopup
from billing.services.tax.apply_tax_sheet import ApplyTaxSheet
from billing.tax_desk import TaxDesk
from control_plane.catalog.policies import DEFAULTS
from control_plane.kernel.anchor import Interval
from control_plane.kernel.clock import FakeClock
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.ids import InvoiceId, TenantId, new_id
from control_plane.runtime.database import Database
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from tests.support.assembling import NAME, line, money

CNY = CURRENCIES["CNY"]


@dataclass
class Counter:
    """Use cases of discounts, and a stand-in for issuing an invoice."""

    database: Database
    work: UnitOfWork
    clock: FakeClock
    tenant_id: TenantId
    admin: psycopg.Connection

    def __post_init__(self) -> None:
        clock = TenantClock(self.clock)
        self.desk = TaxDesk("Tallyard")
        self.discounts = Discounts()
        self.create = CreateCoupon(self.database, self.clock)
        self.redeem = RedeemCoupon(self.work, clock)
        self.grant = GrantCredit(self.work, clock)
        self.recur = RecurCredit(self.work, clock)
        self.wallet = OpenWallet(self.work, clock)
        self.request = RequestTopup(self.work, clock)
        self.pay = RecordTopupPayment(self.work, clock, self.desk)
        self.listed = ListDiscounts(self.work, clock)
        self.expire = ExpireBalances(self.work, clock)
        self.job = ExpireDueBalances(SystemWork(self.database), self.expire, self.clock)
        self.participant = BalanceParticipant(self.expire)
        self.apply_sheet = ApplyTaxSheet(self.database, self.clock)

    async def offer(self, code: str = "WELCOME", **more: object) -> Offer:
        return await self.create(Offer(id=new_id(), code=code, name=NAME, **more))  # type: ignore[arg-type]

    async def credit(self, minor: int, **more: object) -> UUID:
        grant = await self.grant(
            tenant_id=self.tenant_id,
            amount=money(minor),
            reason="launch",
            actor="usr_test",
            **more,  # type: ignore[arg-type]
        )
        return grant.id

    async def monthly(self, minor: int, *, times: int | None = None, **more: object) -> Schedule:
        """Grant so much now, and every month from now."""
        return await self.recur(
            tenant_id=self.tenant_id,
            amount=money(minor),
            reason="allowance",
            cycle=Cycle(Interval.MONTH, times=times),
            actor="usr_test",
            **more,  # type: ignore[arg-type]
        )

    async def prepay(self, minor: int, wallet: UUID | None = None, **more: object) -> Topup:
        """Open a wallet (unless given), ask for a top-up and pay it."""
        if wallet is None:
            opened = await self.wallet(
                tenant_id=self.tenant_id, name=f"w {new_id()}", currency=CNY, actor="usr_test"
            )
            wallet = opened.id
        topup = await self.request(
            tenant_id=self.tenant_id,
            wallet_id=wallet,
            amount=money(minor),
            actor="usr_test",
            **more,  # type: ignore[arg-type]
        )
        return await self.receive(topup)

    async def receive(self, topup: Topup, reference: str | None = None) -> Topup:
        return await self.pay(
            tenant_id=self.tenant_id,
            topup_id=topup.id,
            amount=topup.amount,
            reference=reference or f"bank {new_id()}",
            actor="usr_test",
        )

    async def holdings(self) -> Holdings:
        return await self.listed(self.tenant_id)

    async def held(self, at: datetime | None = None, entity: str = "live") -> Held:
        async with self.work(self.tenant_id) as session:
            return await self.discounts.peek(
                session,
                self.tenant_id,
                entity=entity,
                currency=CNY,
                at=at or self.clock.now(),
                policies=DEFAULTS,
            )

    async def bill(self, minor: int, at: datetime | None = None) -> Assembled:
        """Issue an invoice over one line, as far as discounts see it."""
        at = at or self.clock.now()
        async with self.work(self.tenant_id) as session:
            held = await self.discounts.locked(
                session, self.tenant_id, entity="live", currency=CNY, at=at, policies=DEFAULTS
            )
            assembled = assemble(
                [line(minor)],
                policies=DEFAULTS,
                coupons=held.coupons,
                credits=held.credits,
                balances=held.balances,
            )
            invoice_id = self.invoice(at)
            await self.discounts.apply(session, self.tenant_id, invoice_id, assembled, at=at)
        return assembled

    def invoice(self, at: datetime) -> InvoiceId:
        """Put an empty invoice into the database, for what was used to refer to."""
        invoice_id = InvoiceId(new_id())
        self.admin.execute(
            "INSERT INTO invoices (tenant_id, id, number, entity, year, place, currency, due_at, "
            "part, dated, payable_by, total_minor, subtotal_minor, net_minor, due_minor, body, "
            "body_sha256, manifest, state, issued_at, overdue_at) "
            "SELECT %(tenant)s, %(id)s, %(id)s, 'live', 2026, 1 + count(*), 'CNY', %(at)s, "
            "count(*), '2026-01-10', '2026-01-10', 0, 0, 0, 0, '', '', '', 'issued', %(at)s, "
            "%(at)s FROM invoices",
            {"tenant": self.tenant_id, "id": invoice_id, "at": at},
        )
        return invoice_id

    def balances(self) -> dict[str, int]:
        """What the ledger holds, by account."""
        rows = self.admin.execute(
            "SELECT account, sum(amount_minor)::bigint FROM ledger_entries GROUP BY account"
        )
        return {account: total for account, total in rows if total}


@pytest.fixture
def counter(database, work, clock, tenant_id, admin) -> Iterator[Counter]:
    return Counter(database, work, clock, tenant_id, admin)
