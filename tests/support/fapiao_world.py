"""Fapiao over a real database: issued invoices to make them of, and every part in place."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from billing.domain.assembling import (
    Assembled,
    BilledInvoice,
    Coupon,
    NoteAmounts,
    TaxTreatment,
    assemble,
    reduce,
)
from billing.domain.documents.body import invoice_body
from billing.domain.documents.heading import Heading, Kind, Party
from billing.domain.documents.reading import ReadLine
from billing.domain.fapiao.composing import Bill, Credited, Note, compose
from billing.domain.fapiao.records import Fapiao
from billing.domain.fapiao.title import FapiaoKind, Title, TitleKind, title_of
from billing.providers.fapiao.choose import FapiaoProviders
from billing.providers.fapiao.manual import ManualFapiaoProvider
from billing.providers.fapiao.simulator import DatabaseCabinet, FapiaoSimulator
from billing.services.discounts.record_topup_payment import RecordTopupPayment
from billing.services.fapiao.advance_fapiao import AdvanceFapiao, DeliverFapiao, LookAtFapiao
from billing.services.fapiao.fapiao_title import SetFapiaoTitle
from billing.services.fapiao.list_fapiao import GetFapiao
from billing.services.fapiao.list_fapiao_offers import ListFapiaoOffers
from billing.services.fapiao.open_red_fapiao import OpenRedFapiao
from billing.services.fapiao.play_buyer import PlayFapiaoBuyer
from billing.services.fapiao.record_fapiao import RecordFapiao
from billing.services.fapiao.request_fapiao import RequestFapiao
from billing.services.fapiao.retry_fapiao import RetryFapiao, WithdrawFapiao
from billing.services.fapiao.reverse_fapiao import ReverseFapiao
from billing.tax_desk import TaxDesk
from control_plane.catalog.domain import Text
from control_plane.catalog.policies import Policies
from control_plane.kernel.calendar import Period
from control_plane.kernel.clock import FakeClock, SystemClock
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import (
    FapiaoId,
    InvoiceId,
    OutboxId,
    SubscriptionId,
    TenantId,
    TopupId,
    new_id,
)
from control_plane.kernel.money import Money
from control_plane.runtime.database import Database
from control_plane.runtime.outbox import OutboxRelay
from control_plane.runtime.topics import CREDIT_NOTE_ISSUED, FAPIAO_REQUESTED
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from control_plane.tenancy.clocks import TenantClock

CNY = currency("CNY")
SERVICES = TaxTreatment("standard", Decimal(6), "S", "CN")
GOODS = TaxTreatment("goods", Decimal(13), "S", "CN")
CARD = TaxTreatment("prepaid_card", Decimal(0), "O", "CN", Text(en="Prepaid card", zh="预付卡"))
SELLER = "塔利科技（上海）有限公司"
DUE = datetime(2026, 1, 1, tzinfo=UTC)
TITLE = {
    "name": "上海贝拉餐饮有限公司",
    "tax_id": "91110108551385082Q",
    "address": "上海市黄浦区南京东路 1 号",
    "phone": "021-12345678",
    "bank": "中国工商银行上海分行",
    "account": "1001 2345 6789",
    "email": "tax@bella.example",
}
ACTOR = "usr_test"


def fee(
    key: str,
    yuan: str,
    *,
    tax_category: str = "standard",
    tax_inclusive: bool = False,
    quantity: str | None = None,
) -> ReadLine:
    """A rated line of a plan's base fee."""
    return ReadLine(
        key=key,
        item_key=key,
        kind="fee",
        subscription_id=SubscriptionId(UUID(int=7)),
        item="growth@1",
        item_name=Text(en="Growth", zh="成长版"),
        charge_code="base",
        name=Text(en="Base fee", zh="基础费"),
        service=Period(DUE, DUE + timedelta(days=31)),
        zone="Asia/Shanghai",
        quantity=None if quantity is None else Decimal(quantity),
        unit=None,
        amount=Money.parse(yuan, CNY),
        tax_category=tax_category,
        tax_inclusive=tax_inclusive,
        discountable=True,
        tags=(),
        steps=(),
    )


def coupon(percent: str) -> Coupon:
    return Coupon(new_id(), "WELCOME", Text(en="Welcome", zh="迎新"), percent=Decimal(percent))


def cny(lines: Sequence[ReadLine], *coupons: Coupon) -> Assembled:
    return assemble(
        lines,
        policies=Policies(),
        coupons=coupons,
        credits=(),
        treatments={t.category: t for t in (SERVICES, GOODS, CARD)},
        balances=(),
    )


def note_amounts(amounts: Assembled, reduction: Mapping[str, str]) -> NoteAmounts:
    original = BilledInvoice(amounts.lines, amounts.taxes)
    wanted = {key: Money.parse(yuan, CNY) for key, yuan in reduction.items()}
    return reduce(original, wanted, policies=Policies())


def body_of(
    amounts: Assembled, number: str = "TY-2026-000001", entity: str = "cn"
) -> dict[str, Any]:
    heading = Heading(
        kind=Kind.INVOICE,
        number=number,
        tenant_id=TenantId(UUID(int=8)),
        seller=Party(SELLER, entity, tax_id="91110108551385082Q"),
        buyer=Party("Bella", "bella"),
        currency=CNY,
        zone="Asia/Shanghai",
        due_at=DUE,
        part=0,
    )
    return invoice_body(heading, amounts)


def bill_of(
    amounts: Assembled, *reductions: Mapping[str, str], number: str = "TY-2026-000001"
) -> Bill:
    """A bill with one credit note for each of the reductions, key to yuan."""
    body = body_of(amounts, number)
    notes = [note_of(amounts, reduction, f"CN-{n}") for n, reduction in enumerate(reductions, 1)]
    return Bill(body, notes)


def note_of(amounts: Assembled, reduction: Mapping[str, str], number: str) -> Note:
    found = note_amounts(amounts, reduction)
    return Note(
        number,
        tuple(Credited(x.of.key, x.net.minor, x.tax.minor) for x in found.lines),
    )


@dataclass
class FapiaoWorld:
    """One tenant with its invoices, and every use case over them."""

    database: Database
    admin: psycopg.Connection
    clock: FakeClock
    tenant_id: TenantId
    simulator: FapiaoSimulator
    providers: FapiaoProviders
    work: UnitOfWork
    _count: int = 0
    amounts: dict[InvoiceId, tuple[str, Assembled]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tenant_clock, work = TenantClock(self.clock), self.work
        system = SystemWork(self.database)
        self.set_title = SetFapiaoTitle(work, tenant_clock)
        self.request = RequestFapiao(work, tenant_clock, self.providers)
        self.offers = ListFapiaoOffers(work)
        self.get = GetFapiao(work)
        self.retry = RetryFapiao(work)
        self.withdraw = WithdrawFapiao(work)
        self.reverse = ReverseFapiao(work, tenant_clock)
        self.record = RecordFapiao(work, tenant_clock, self.providers)
        self.play_buyer = PlayFapiaoBuyer(work, self.simulator)
        self.advance = AdvanceFapiao(work, self.clock, tenant_clock, self.providers)
        self.look = LookAtFapiao(system, self.advance, self.clock)
        self.open_red = OpenRedFapiao(work, tenant_clock)
        handlers = {
            FAPIAO_REQUESTED: DeliverFapiao(self.advance),
            CREDIT_NOTE_ISSUED: self.open_red,
        }
        self.relay = OutboxRelay(system, handlers, SystemClock())

    async def title(self, kind: TitleKind = TitleKind.COMPANY, **changes: str) -> Title:
        return await self.set_title(
            tenant_id=self.tenant_id, kind=kind, texts={**TITLE, **changes}, actor=ACTOR
        )

    def invoice(self, lines: Sequence[ReadLine], *coupons: Coupon, entity: str = "cn") -> InvoiceId:
        """Issue an invoice, as closing would."""
        self._count += 1
        number = f"TY-2026-{self._count:06d}"
        amounts = cny(lines, *coupons)
        invoice_id = InvoiceId(new_id())
        keep_invoice(
            self.admin,
            self.tenant_id,
            invoice_id,
            body_of(amounts, number, entity),
            entity=entity,
            place=self._count,
        )
        keep_lines(self.admin, self.tenant_id, invoice_id, amounts)
        self.amounts[invoice_id] = (number, amounts)
        return invoice_id

    async def credit(self, invoice_id: InvoiceId, reduction: Mapping[str, str]) -> str:
        """Issue a credit note over lines of an invoice, and tell of it."""
        self._count += 1
        number = f"TY-CN-2026-{self._count:06d}"
        _, amounts = self.amounts[invoice_id]
        found = note_amounts(amounts, reduction)
        note_id = new_id()
        keep_note(self.admin, self.tenant_id, invoice_id, note_id, number, self._count, found)
        payload = {"credit_note_id": str(note_id), "invoice_id": str(invoice_id)}
        await self.open_red(self.tenant_id, payload, OutboxId(new_id()))
        return number

    async def ask(self, *invoices: InvoiceId, kind: FapiaoKind = FapiaoKind.NORMAL) -> Fapiao:
        return await self.request(
            tenant_id=self.tenant_id, invoice_ids=invoices, kind=kind, actor=ACTOR
        )

    async def run(self) -> None:
        """Deliver what waits and look until nothing is due, an hour long."""
        for _ in range(6):
            while await self.relay.run_once():
                pass
            self.clock.advance(minutes=2)
            await self.look.run()

    async def issued(self, *invoices: InvoiceId, kind: FapiaoKind = FapiaoKind.NORMAL) -> Fapiao:
        asked = await self.ask(*invoices, kind=kind)
        await self.run()
        return await self.read(asked.id)

    async def read(self, fapiao_id: FapiaoId) -> Fapiao:
        return (await self.get(tenant_id=self.tenant_id, fapiao_id=fapiao_id)).fapiao

    async def reds(self, blue: Fapiao) -> tuple[Fapiao, ...]:
        return (await self.get(tenant_id=self.tenant_id, fapiao_id=blue.id)).reds


def fapiao_world(
    database: Database, admin: psycopg.Connection, clock: FakeClock, tenant_id: TenantId
) -> FapiaoWorld:
    work = UnitOfWork(database)
    simulator = FapiaoSimulator(DatabaseCabinet(work, TenantClock(clock)))
    providers = FapiaoProviders(live=ManualFapiaoProvider(), sandbox=simulator)
    return FapiaoWorld(database, admin, clock, tenant_id, simulator, providers, work)


def by_hand(world: FapiaoWorld) -> FapiaoWorld:
    """The same, for a live organisation."""
    world.admin.execute("UPDATE organisations SET sandbox = false WHERE id = %s", [world.tenant_id])
    return replace(world)


def keep_invoice(
    admin: psycopg.Connection,
    tenant_id: TenantId,
    invoice_id: InvoiceId,
    body: Mapping[str, Any],
    *,
    entity: str = "cn",
    place: int = 1,
) -> None:
    columns = {
        "tenant_id": tenant_id,
        "id": invoice_id,
        "number": body["number"],
        "entity": entity,
        "year": 2026,
        "place": place,
        "currency": body["currency"],
        "due_at": f"2026-01-01T00:00:{place:02d}Z",
        "part": 0,
        "dated": body["date"],
        "payable_by": body["payable_by"],
        "subtotal_minor": body["subtotal_minor"],
        "discount_minor": body["discount_minor"],
        "net_minor": body["net_minor"],
        "tax_minor": body["tax_minor"],
        "total_minor": body["total_minor"],
        "due_minor": body["total_minor"],
        "body": json.dumps(body).encode(),
        "body_sha256": "",
        "manifest": b"{}",
        "state": "issued",
        "issued_at": "2026-01-01Z",
        "overdue_at": "2026-05-01Z",
    }
    _insert(admin, "invoices", columns)


def keep_lines(
    admin: psycopg.Connection, tenant_id: TenantId, invoice_id: InvoiceId, amounts: Assembled
) -> None:
    subscription = new_id()
    created = "2026-01-01Z"
    _insert(
        admin,
        "subscriptions",
        {"tenant_id": tenant_id, "id": subscription, "created_at": created},
    )
    for position, line in enumerate(amounts.lines, start=1):
        columns = {
            "tenant_id": tenant_id,
            "id": new_id(),
            "invoice_id": invoice_id,
            "position": position,
            "line_key": line.key,
            "item_key": line.key,
            "revision": 1,
            "kind": "fee",
            "subscription_id": subscription,
            "charge_code": "base",
            "due_at": created,
            "service_start": created,
            "service_end": created,
            "amount_minor": line.amount.minor,
            "discount_minor": line.discount.minor,
            "net_minor": line.net.minor,
            "tax_minor": line.tax.minor,
            "tax_category": line.tax_category,
            "tax_rate": line.tax_rate,
            "tax_inclusive": line.tax_inclusive,
        }
        _insert(admin, "invoice_lines", columns)


def keep_note(
    admin: psycopg.Connection,
    tenant_id: TenantId,
    invoice_id: InvoiceId,
    note_id: Any,
    number: str,
    place: int,
    found: Any,
) -> None:
    columns = {
        "tenant_id": tenant_id,
        "id": note_id,
        "invoice_id": invoice_id,
        "number": number,
        "entity": "cn",
        "year": 2026,
        "place": place,
        "currency": "CNY",
        "due_at": f"2026-01-02T00:00:{place:02d}Z",
        "part": 0,
        "dated": "2026-01-02",
        "reason": "correction",
        "subtotal_minor": found.subtotal.minor,
        "discount_minor": found.discount.minor,
        "net_minor": found.net.minor,
        "tax_minor": found.tax.minor,
        "total_minor": found.total.minor,
        "lowered_minor": found.total.minor,
        "carried_minor": 0,
        "body": b"{}",
        "body_sha256": "",
        "manifest": b"{}",
        "issued_at": f"2026-01-02T00:00:{place:02d}Z",
    }
    with admin.transaction():
        _insert(admin, "credit_notes", columns)
        for position, line in enumerate(found.lines, start=1):
            _insert_note_line(admin, tenant_id, note_id, position, line)


def keep_fapiao(
    admin: psycopg.Connection, tenant_id: TenantId, name: str, invoice_id: InvoiceId
) -> FapiaoId:
    """A blue fapiao that failed over an invoice, as the platform would have left it."""
    content = compose([Bill(body_of(cny([fee("a", "100.00")])))])
    body = {
        "format": 1,
        "seller": {"name": SELLER, "tax_id": ""},
        "buyer": title_of(TitleKind.COMPANY, {**TITLE, "name": name}).body(),
        "lines": content.body(),
    }
    fapiao_id = FapiaoId(new_id())
    columns = {
        "tenant_id": tenant_id,
        "id": fapiao_id,
        "colour": "blue",
        "kind": "normal",
        "entity": "cn",
        "provider": "simulator",
        "state": "failed",
        "body": json.dumps(body).encode(),
        "net_minor": content.net.minor,
        "tax_minor": content.tax.minor,
        "total_minor": content.total.minor,
        "failure": "refused",
        "requested_by": ACTOR,
        "requested_at": "2026-01-10Z",
    }
    _insert(admin, "fapiao", columns)
    source = {
        "tenant_id": tenant_id,
        "fapiao_id": fapiao_id,
        "invoice_id": invoice_id,
        "number": name,
        "known_notes": [],
    }
    _insert(admin, "fapiao_sources", source)
    return fapiao_id


def _insert_note_line(
    admin: psycopg.Connection, tenant_id: TenantId, note_id: Any, position: int, line: Any
) -> None:
    admin.execute(
        "INSERT INTO credit_note_lines (tenant_id, id, note_id, position, line_key, item_key, "
        "revision, invoice_line_id, kind, subscription_id, charge_code, due_at, service_start, "
        "service_end, amount_minor, discount_minor, net_minor, tax_minor, tax_category, tax_rate) "
        "SELECT tenant_id, %s, %s, %s, line_key || %s, item_key, 2, id, kind, subscription_id, "
        "charge_code, due_at, service_start, service_end, %s, %s, %s, %s, tax_category, tax_rate "
        "FROM invoice_lines WHERE tenant_id = %s AND line_key = %s",
        [
            new_id(),
            note_id,
            position,
            f"/{note_id}",
            line.amount.minor,
            sum(d.amount.minor for d in line.discounts),
            line.net.minor,
            line.tax.minor,
            tenant_id,
            line.of.key,
        ],
    )


def _insert(admin: psycopg.Connection, table: str, columns: Mapping[str, Any]) -> None:
    places = ", ".join(["%s"] * len(columns))
    admin.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", list(columns.values())
    )


def organisation(admin: psycopg.Connection, slug: str, *, sandbox: bool = False) -> TenantId:
    """One more organisation in Shanghai that pays in CNY."""
    tenant = TenantId(new_id())
    admin.execute(
        "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox, created_at, "
        "state) VALUES (%s, %s, %s, 'Asia/Shanghai', 'zh_CN', 'CNY', %s, '2026-01-01Z', 'active')",
        [tenant, slug, slug.title(), sandbox],
    )
    return tenant


def keep_topup(
    admin: psycopg.Connection,
    tenant_id: TenantId,
    yuan: str,
    policy: str = "card",
    taxes: Sequence[Mapping[str, Any]] = (),
) -> TopupId:
    """A top-up that was paid, with its receipt."""
    wallet, topup, minor = new_id(), TopupId(new_id()), Money.parse(yuan, CNY).minor
    wallet_columns = {
        "tenant_id": tenant_id,
        "id": wallet,
        "name": f"w{wallet}",
        "currency": "CNY",
        "priority": 1,
        "tax_category": "standard",
        "created_at": "2026-01-01Z",
    }
    _insert(admin, "wallets", wallet_columns)
    body = {
        "number": f"SBX-R-{topup}",
        "date": "2026-01-01",
        "policy": policy,
        "currency": "CNY",
        "seller": Party(SELLER, "cn").body(),
        "total_minor": minor,
        "taxes": list(taxes),
    }
    columns = {
        "tenant_id": tenant_id,
        "id": topup,
        "wallet_id": wallet,
        "entity": "sandbox",
        "policy": policy,
        "automatic": False,
        "state": "paid",
        "currency": "CNY",
        "amount_minor": minor,
        "bonus_minor": 0,
        "free_minor": minor,
        "requested_at": "2026-01-01Z",
        "ended_at": "2026-01-01Z",
        "reference": f"BANK-{topup}",
        "number": body["number"],
        "body": json.dumps(body).encode(),
    }
    _insert(admin, "wallet_topups", columns)
    return topup


def use_topup(
    admin: psycopg.Connection, tenant_id: TenantId, topup: TopupId, invoice: InvoiceId, yuan: str
) -> None:
    """Let a top-up have paid some of an invoice."""
    columns = {
        "tenant_id": tenant_id,
        "topup_id": topup,
        "invoice_id": invoice,
        "amount_minor": Money.parse(yuan, CNY).minor,
        "tax_minor": 0,
        "used_at": "2026-01-02Z",
    }
    _insert(admin, "wallet_uses", columns)


async def refund_topup(world: FapiaoWorld, topup: TopupId, minor: int) -> None:
    """Pay money back, as finance would, without telling anybody of it."""
    payment = RecordTopupPayment(world.work, TenantClock(world.clock), TaxDesk("Tallyard"))
    await payment.refund(
        tenant_id=world.tenant_id, topup_id=topup, amount=Money(minor, CNY), actor=ACTOR
    )
