"""Everything that lowers or settles invoices, over a real database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
import pytest

from billing.discounts_desk import Discounts, Held
from billing.domain.assembling import Assembled, assemble
from billing.domain.discounts.records import Offer, Topup, Wallet
from billing.domain.discounts.recurring import Schedule
from billing.providers.manual import ManualProvider
from billing.providers.memory import MemoryProvider
from billing.repositories.holdings import holdings
from billing.services.discounts.charge_topup import ChargeTopup
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
from billing.services.discounts.request_charge import RequestTopupCharge
from billing.services.discounts.request_topup import RequestTopup
from billing.services.handle_payment_webhook import HandlePaymentWebhook
from billing.services.set_payment_method import SetPaymentMethod
from billing.services.tax.apply_tax_sheet import ApplyTaxSheet
from billing.tax_desk import TaxDesk
from billing.topup_jobs import ChargeDueTopups, TopupParticipant
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
        self.provider = MemoryProvider()
        providers = {"memory": self.provider, "manual": ManualProvider()}
        self.charge = ChargeTopup(self.work, clock, providers, self.pay)
        self.ask_charge = RequestTopupCharge(self.work, clock, providers)
        self.keep_card = SetPaymentMethod(self.work, clock, providers)
        self.charges = ChargeDueTopups(SystemWork(self.database), self.charge, self.clock)
        self.charging = TopupParticipant(self.work, clock, self.charge)
        self.webhook = HandlePaymentWebhook(self.work, clock, providers, (self.charge,))
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

    async def low_wallet(self, card: str | None = None) -> Wallet:
        """A wallet that asks for 20.00 below 5.00, and holds 1.00 less after a bill of 6.00."""
        if card is not None:
            await self.keep_card(
                tenant_id=self.tenant_id, provider="memory", method=card, actor="usr_test"
            )
        topup = await self.prepay(1000)
        await self.wallet.automatic(
            tenant_id=self.tenant_id,
            wallet_id=topup.wallet_id,
            below=money(500),
            amount=money(2000),
            actor="usr_test",
        )
        await self.bill(600)
        [wallet] = (await self.holdings()).wallets
        return wallet

    async def automatic(self) -> Topup:
        """The newest top-up that a wallet asked for by itself."""
        return next(t for t in (await self.holdings()).topups if t.automatic)

    def mails(self) -> list[tuple[str, str, str]]:
        """To whom a mail of top-ups goes, of which template, in which language."""
        return self.admin.execute(
            "SELECT payload ->> 'to', payload ->> 'template', payload ->> 'language' FROM outbox "
            "WHERE topic = 'mail.requested' ORDER BY id"
        ).fetchall()

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
                session,
                self.tenant_id,
                entity="live",
                currency=CNY,
                at=at,
                policies=DEFAULTS,
                there_is=await holdings(session, self.tenant_id, at),
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
