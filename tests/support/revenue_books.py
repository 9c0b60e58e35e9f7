"""Invoices and credit notes as rows, for what is computed from rows: no engine is needed."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count

import psycopg

from billing.domain.ledger import (
    credit_note_entries,
    invoice_entries,
    payment_entries,
    prepaid_topup_entries,
    void_entries,
)
from billing.repositories.ledger import Kind, LedgerRepository, Posting
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, TenantId, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork

CNY = currency("CNY")
_PLACES = count(1)
MANIFEST = canonical_json({"treatments": [{"code": "S", "rate": "13", "jurisdiction": "CN"}]})


def _body(kind: str, number: str, net: int, tax: int) -> bytes:
    group = {"category": "standard", "code": "S", "rate": "13", "base_minor": net, "tax_minor": tax}
    return canonical_json(
        {
            "kind": kind,
            "number": number,
            "total_minor": net + tax,
            "taxes": [group] if tax else [],
        }
    )


def cny(minor: int) -> Money:
    return Money(minor, CNY)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


@dataclass(frozen=True)
class Sold:
    """A line: ``net`` minor units over the days from ``first`` to ``last``."""

    net: int
    first: date
    last: date
    kind: str = "fee"
    item: str = "growth@1"
    charge: str = "base"


@dataclass
class PaperBooks:
    """Writes documents and their postings as billing would."""

    admin: psycopg.Connection
    work: UnitOfWork
    tenant_id: TenantId
    subscription: object = field(default_factory=new_id)

    def open(self, entity: str = "live") -> "PaperBooks":
        self.admin.execute(
            "INSERT INTO billing_accounts (tenant_id, entity, created_at) VALUES (%s, %s, now())",
            [self.tenant_id, entity],
        )
        self.admin.execute(
            "INSERT INTO subscriptions (tenant_id, id, created_at) VALUES (%s, %s, now())",
            [self.tenant_id, self.subscription],
        )
        return self

    async def invoice(self, dated: date, *lines: Sold, tax: int = 0) -> InvoiceId:
        invoice, place, net = InvoiceId(new_id()), next(_PLACES), sum(line.net for line in lines)
        number = f"TY-{dated.year}-{place:06d}"
        body = _body("invoice", number, net, tax)
        self.admin.execute(
            "INSERT INTO invoices (tenant_id, id, number, entity, year, place, currency, due_at, "
            "part, dated, payable_by, total_minor, body, body_sha256, manifest, state, issued_at, "
            "subtotal_minor, net_minor, tax_minor, due_minor, overdue_at) VALUES (%s, %s, %s, "
            "'live', %s, %s, 'CNY', %s, %s, %s, %s, %s, %s, %s, %s, 'issued', %s, %s, %s, %s, %s, "
            "%s)",
            [self.tenant_id, invoice, number, dated.year, place, noon(dated), place, dated,
             dated + timedelta(days=14), net + tax, body, sha256_hex(body), MANIFEST, noon(dated),
             net, net, tax, net + tax, noon(dated) + timedelta(days=15)],
        )  # fmt: skip
        for position, line in enumerate(lines, start=1):
            share = tax if position == 1 else 0
            self.admin.execute(
                "INSERT INTO invoice_lines (tenant_id, id, invoice_id, position, line_key, kind, "
                "subscription_id, charge_code, due_at, amount_minor, item_key, revision, "
                "service_start, service_end, net_minor, tax_minor, first_day, last_day, item) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1, %s, %s, %s, %s, %s, %s, "
                "%s)",
                [self.tenant_id, new_id(), invoice, position, f"{number}:{position}", line.kind,
                 self.subscription, line.charge, noon(dated), line.net, f"{number}:{position}",
                 noon(line.first), noon(line.last) + timedelta(days=1), line.net, share,
                 line.first, line.last, line.item],
            )  # fmt: skip
        await self.book(
            Posting(
                Kind.INVOICE,
                f"invoice:{invoice}",
                invoice_entries(cny(net), cny(tax)),
                noon(dated),
                booked_on=dated,
                invoice_id=invoice,
            )
        )
        return invoice

    async def credit(self, invoice: InvoiceId, dated: date, *nets: int, tax: int = 0) -> object:
        """Credit so much of each line, in order; all of it lowers what is open."""
        note, place, net = new_id(), next(_PLACES), sum(nets)
        number = f"CN-{dated.year}-{place:06d}"
        body = _body("credit_note", number, net, tax)
        self.admin.execute(
            "INSERT INTO credit_notes (tenant_id, id, invoice_id, number, entity, year, place, "
            "currency, due_at, part, dated, reason, subtotal_minor, discount_minor, net_minor, "
            "tax_minor, total_minor, lowered_minor, carried_minor, body, body_sha256, manifest, "
            "issued_at) VALUES (%s, %s, %s, %s, 'live', %s, %s, 'CNY', %s, %s, %s, 'correction', "
            "%s, 0, %s, %s, %s, %s, 0, %s, %s, %s, %s)",
            [self.tenant_id, note, invoice, number, dated.year, place, noon(dated), place, dated,
             net, net, tax, net + tax, net + tax, body, sha256_hex(body), b"{}", noon(dated)],
        )  # fmt: skip
        lines = self.admin.execute(
            "SELECT id, line_key, item_key, kind, charge_code FROM invoice_lines "
            "WHERE invoice_id = %s ORDER BY position",
            [invoice],
        ).fetchall()
        for position, (line, minor) in enumerate(zip(lines, nets, strict=False), start=1):
            self.admin.execute(
                "INSERT INTO credit_note_lines (tenant_id, id, note_id, position, line_key, "
                "item_key, revision, invoice_line_id, kind, subscription_id, charge_code, due_at, "
                "service_start, service_end, amount_minor, discount_minor, net_minor, tax_minor, "
                "tax_category) VALUES (%s, %s, %s, %s, %s, %s, 1, %s, %s, %s, %s, %s, %s, %s, %s, "
                "0, %s, %s, 'standard')",
                [self.tenant_id, new_id(), note, position, f"{number}:{position}", line[2],
                 line[0], line[3], self.subscription, line[4], noon(dated), noon(dated),
                 noon(dated), minor, minor, tax if position == 1 else 0],
            )  # fmt: skip
        self.admin.execute(
            "UPDATE invoices SET credited_minor = credited_minor + %s WHERE id = %s",
            [net + tax, invoice],
        )
        await self.book(
            Posting(
                Kind.CREDIT_NOTE,
                f"credit_note:{note}",
                credit_note_entries(cny(net), cny(tax), to_receivable=cny(net + tax)),
                noon(dated),
                booked_on=dated,
                invoice_id=invoice,
                credit_note_id=note,
            )
        )
        return note

    async def pay(self, invoice: InvoiceId, on: date, minor: int) -> None:
        payment = new_id()
        self.admin.execute(
            "INSERT INTO payments (tenant_id, id, invoice_id, provider, state, currency, "
            "amount_minor, request_key, created_at, settled_at) VALUES (%s, %s, %s, 'manual', "
            "'succeeded', 'CNY', %s, %s, %s, %s)",
            [self.tenant_id, payment, invoice, minor, str(payment), noon(on), noon(on)],
        )
        self.admin.execute(
            "UPDATE invoices SET paid_minor = paid_minor + %s WHERE id = %s", [minor, invoice]
        )
        await self.book(
            Posting(
                Kind.PAYMENT,
                f"payment:{payment}",
                payment_entries(cny(minor)),
                noon(on),
                booked_on=on,
                invoice_id=invoice,
                payment_id=payment,
            )
        )

    async def top_up(self, on: date, minor: int) -> None:
        """Fill a wallet, and grant a little on top."""
        wallet, topup = new_id(), new_id()
        self.admin.execute(
            "INSERT INTO wallets (tenant_id, id, name, currency, priority, tax_category, "
            "created_at) VALUES (%s, %s, 'Prepaid', 'CNY', 1, 'standard', %s)",
            [self.tenant_id, wallet, noon(on)],
        )
        self.admin.execute(
            "INSERT INTO wallet_topups (tenant_id, id, wallet_id, entity, policy, automatic, "
            "state, currency, amount_minor, bonus_minor, free_minor, requested_at, ended_at, "
            "reference, number, body) VALUES (%s, %s, %s, 'live', 'tax_on_use', false, 'paid', "
            "'CNY', %s, 0, %s, %s, %s, 'bank-1', %s, '{}')",
            [self.tenant_id, topup, wallet, minor, minor, noon(on), noon(on), str(topup)],
        )
        self.admin.execute(
            "INSERT INTO credit_grants (tenant_id, id, code, name, reason, currency, priority, "
            "granted_minor, free_minor, granted_at) VALUES (%s, %s, 'welcome', '{}', 'test', "
            "'CNY', 1, 50, 50, %s)",
            [self.tenant_id, new_id(), noon(on)],
        )
        await self.book(
            Posting(
                Kind.PREPAID_TOPUP,
                f"topup:{topup}",
                prepaid_topup_entries(cny(minor)),
                noon(on),
                booked_on=on,
                source_id=topup,
            )
        )

    async def void(self, invoice: InvoiceId, on: date) -> None:
        net, tax = self.admin.execute(
            "UPDATE invoices SET state = 'voided', ended_at = %s, end_reason = 'test' "
            "WHERE id = %s RETURNING net_minor, tax_minor",
            [noon(on), invoice],
        ).fetchone()
        await self.book(
            Posting(
                Kind.VOID,
                f"void:{invoice}",
                void_entries(cny(net), cny(tax), to_receivable=cny(net + tax)),
                noon(on),
                booked_on=on,
                invoice_id=invoice,
            )
        )

    async def book(self, posting: Posting) -> None:
        async with self.work(self.tenant_id) as session:
            await LedgerRepository(session).book(self.tenant_id, posting)

    def posted(self) -> dict[tuple[str, str], int]:
        """What recognition posted, by month and revenue account; deferred left out."""
        rows = self.admin.execute(
            "SELECT to_char(t.booked_on, 'YYYY-MM'), e.account, -sum(e.amount_minor)::bigint "
            "FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id "
            "WHERE t.kind = 'recognition' AND e.account <> 'deferred_revenue' "
            "AND t.tenant_id = %s GROUP BY 1, 2",
            [self.tenant_id],
        )
        return {(month, account): minor for month, account, minor in rows}
