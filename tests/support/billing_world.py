"""Billing with every part of it, over a real database and a real catalogue."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import psycopg

from billing.changing import Changing
from billing.closing import Closing
from billing.counter import DeskCounter
from billing.discounts_desk import Discounts
from billing.domain.records import StoredInvoice, StoredNote
from billing.invoicing import Rater
from billing.jobs import BillingParticipant, CloseDuePeriods
from billing.providers.manual import ManualProvider
from billing.providers.memory import MemoryProvider
from billing.repositories.invoices import InvoiceFilter, InvoiceRepository
from billing.repositories.notes import NoteRepository
from billing.services.book_addon import BookAddon
from billing.services.cancel_subscription import CancelSubscription
from billing.services.change_plan import ChangePlan
from billing.services.check_books import CheckBooks
from billing.services.close_due import CloseDue
from billing.services.collect_invoice import CollectInvoice, CollectIssuedInvoice
from billing.services.explain_invoice import ExplainInvoice
from billing.services.handle_payment_webhook import HandlePaymentWebhook
from billing.services.invoicing.bill_threshold import BillThreshold
from billing.services.invoicing.issue_credit_note import IssueCreditNote
from billing.services.invoicing.list_line_events import ListLineEvents
from billing.services.invoicing.list_upcoming import ListUpcoming
from billing.services.invoicing.mark_overdue import MarkOverdue
from billing.services.invoicing.read_credit import ReadCredit
from billing.services.invoicing.refund_credit import RefundCredit
from billing.services.invoicing.set_billing_terms import SetBillingTerms
from billing.services.invoicing.verify_credit_note import VerifyCreditNote
from billing.services.invoicing.void_invoice import VoidInvoice
from billing.services.invoicing.write_off_invoice import WriteOffInvoice
from billing.services.preview_addon import PreviewAddon
from billing.services.preview_plan_change import PreviewPlanChange
from billing.services.preview_start import PreviewStart
from billing.services.record_payment import RecordPayment
from billing.services.request_collection import RequestCollection
from billing.services.set_payment_method import SetPaymentMethod
from billing.services.start_subscription import StartSubscription
from billing.services.verify_invoice import VerifyInvoice
from billing.tax_desk import TaxDesk
from billing.tokens import PreviewTokens
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.calendar import Interval, instant_text
from control_plane.kernel.clock import FakeClock, SystemClock
from control_plane.kernel.ids import OutboxId, SubscriptionId, TenantId, new_id
from control_plane.runtime.database import Database
from control_plane.runtime.outbox import OutboxRelay
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED, INVOICE_ISSUED, STANDING_DUE
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from metering.domain.cloudevents import parse_events
from metering.domain.events import UsageEvent
from metering.stores.postgres import PostgresUsageStore
from tests.support.billing_catalogue import CATALOGUE

__all__ = [
    "ACTOR",
    "CATALOGUE",
    "World",
    "billing_world",
    "build_world",
    "organisation",
    "shipment",
]

ACTOR = "usr_test"


@dataclass(frozen=True)
class World:
    """Billing's use cases over one database, with a clock to move."""

    database: Database
    work: UnitOfWork
    system: SystemWork
    clock: FakeClock
    usage: PostgresUsageStore
    changing: Changing
    closing: Closing
    start: StartSubscription
    preview_start: PreviewStart
    preview_plan_change: PreviewPlanChange
    change_plan: ChangePlan
    preview_addon: PreviewAddon
    book_addon: BookAddon
    cancel: CancelSubscription
    close_due: CloseDue
    mark_overdue: MarkOverdue
    bill_threshold: BillThreshold
    upcoming: ListUpcoming
    set_terms: SetBillingTerms
    void: VoidInvoice
    write_off: WriteOffInvoice
    give: IssueCreditNote
    refund: RefundCredit
    credit: ReadCredit
    verify_note: VerifyCreditNote
    line_events: ListLineEvents
    close_due_periods: CloseDuePeriods
    provider: MemoryProvider
    set_payment_method: SetPaymentMethod
    collect: CollectInvoice
    request_collection: RequestCollection
    record_payment: RecordPayment
    handle_webhook: HandlePaymentWebhook
    check_books: CheckBooks
    verify: VerifyInvoice
    explain: ExplainInvoice
    relay: OutboxRelay

    @property
    def participant(self) -> BillingParticipant:
        """Billing's part in moving a test clock."""
        return BillingParticipant(self.work, self.close_due, self.mark_overdue, self.bill_threshold)

    async def subscribe(
        self, tenant_id: TenantId, plan: str = "growth", interval: Interval = Interval.MONTH
    ) -> SubscriptionId:
        started = await self.start(
            tenant_id=tenant_id, plan_code=plan, interval=interval, actor=ACTOR
        )
        return started.subscription_id

    async def move(self, tenant_id: TenantId, subscription_id: SubscriptionId, plan: str) -> object:
        """Preview a plan change and confirm it."""
        what = {
            "tenant_id": tenant_id,
            "subscription_id": subscription_id,
            "plan_code": plan,
        }
        preview = await self.preview_plan_change(**what)
        return await self.change_plan(**what, token=preview.token, actor=ACTOR)

    async def book(self, tenant_id: TenantId, subscription_id: SubscriptionId) -> object:
        what = {
            "tenant_id": tenant_id,
            "subscription_id": subscription_id,
            "addon_code": "peak_618",
        }
        preview = await self.preview_addon(**what)
        return await self.book_addon(**what, token=preview.token, actor=ACTOR)

    async def ship(self, tenant_id: TenantId, at: datetime, lines: int) -> None:
        """Report one shipment of so many lines."""
        results = await self.usage.ingest(tenant_id, [shipment(at, lines)])
        assert [r.status.value for r in results] == ["accepted"]

    async def notes(self, tenant_id: TenantId) -> list[StoredNote]:
        """Every credit note of the tenant, the earliest first."""
        async with self.work(tenant_id) as session:
            repository = NoteRepository(session)
            listed = await repository.list(InvoiceFilter(limit=1000))
            found = [await repository.get(summary.id) for summary in listed]
        return sorted(found, key=lambda n: (n.summary.due_at, n.summary.number))

    async def invoices(self, tenant_id: TenantId) -> list[StoredInvoice]:
        """Every invoice of the tenant, the earliest first."""
        async with self.work(tenant_id) as session:
            repository = InvoiceRepository(session)
            listed = await repository.list(InvoiceFilter(limit=1000))
            found = [await repository.get(summary.id) for summary in listed]
        return sorted(found, key=lambda i: (i.summary.due_at, i.summary.number))


def shipment(at: datetime, lines: int | Decimal) -> UsageEvent:
    event = {
        "specversion": "1.0",
        "id": str(new_id()),
        "source": "/instances/ins_test",
        "type": "tallyard.outbound.shipment_posted",
        "time": instant_text(at),
        "data": {"lines": str(lines)},
    }
    [parsed] = parse_events(json.dumps(event).encode())
    assert isinstance(parsed, UsageEvent), parsed
    return parsed


async def ignore(tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId) -> None:
    """Entitlements are not the subject here."""


async def build_world(database: Database, clock: FakeClock) -> World:
    """Put the catalogue on sale and every part in place."""
    await ApplyCatalog(database, clock)(CATALOGUE)
    return billing_world(database, clock)


def billing_world(database: Database, clock: FakeClock) -> World:
    """Put every part in place."""
    work, system = UnitOfWork(database), SystemWork(database)
    usage = PostgresUsageStore(work, system)
    counter = DeskCounter(TaxDesk("Tallyard"), Discounts())
    closing = Closing(Rater(usage), TenantClock(clock), counter)
    changing = Changing(closing, PreviewTokens("secret"))
    close_due = CloseDue(work, closing)
    provider = MemoryProvider()
    providers = {"memory": provider, "manual": ManualProvider()}
    collect = CollectInvoice(work, TenantClock(clock), providers)
    quiet = dict.fromkeys((ENTITLEMENTS_CHANGED, STANDING_DUE), ignore)
    handlers = {INVOICE_ISSUED: CollectIssuedInvoice(collect), **quiet}
    return World(
        database=database,
        work=work,
        system=system,
        clock=clock,
        usage=usage,
        changing=changing,
        closing=closing,
        start=StartSubscription(work, changing),
        preview_start=PreviewStart(work, changing),
        preview_plan_change=PreviewPlanChange(work, changing),
        change_plan=ChangePlan(work, changing),
        preview_addon=PreviewAddon(work, changing),
        book_addon=BookAddon(work, changing),
        cancel=CancelSubscription(work, changing),
        close_due=close_due,
        mark_overdue=MarkOverdue(work, TenantClock(clock)),
        bill_threshold=BillThreshold(work, closing),
        upcoming=ListUpcoming(work, closing),
        set_terms=SetBillingTerms(work, TenantClock(clock)),
        void=VoidInvoice(work, TenantClock(clock)),
        write_off=WriteOffInvoice(work, TenantClock(clock)),
        give=IssueCreditNote(work, closing),
        refund=RefundCredit(work, TenantClock(clock)),
        credit=ReadCredit(work),
        verify_note=VerifyCreditNote(work, closing.rater),
        line_events=ListLineEvents(work, usage),
        close_due_periods=CloseDuePeriods(system, close_due, clock),
        provider=provider,
        set_payment_method=SetPaymentMethod(work, TenantClock(clock), providers),
        collect=collect,
        request_collection=RequestCollection(work),
        record_payment=RecordPayment(work, TenantClock(clock)),
        handle_webhook=HandlePaymentWebhook(work, TenantClock(clock), providers),
        check_books=CheckBooks(work),
        verify=VerifyInvoice(work, closing.rater),
        explain=ExplainInvoice(work),
        relay=OutboxRelay(system, handlers, SystemClock()),
    )


def organisation(
    admin: psycopg.Connection, slug: str, *, sandbox: bool = False, zone: str = "Asia/Shanghai"
) -> TenantId:
    """One more organisation that pays in CNY."""
    tenant = TenantId(new_id())
    admin.execute(
        "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox, created_at, "
        "state) VALUES (%s, %s, %s, %s, 'en', 'CNY', %s, '2026-01-01Z', 'active')",
        [tenant, slug, slug.title(), zone, sandbox],
    )
    return tenant
