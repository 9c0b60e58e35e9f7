"""Check that a tenant's books agree with themselves."""

from dataclasses import dataclass

from sqlalchemy import text

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork

_CHECKS = {
    "billing is halted": """
        SELECT parked_reason FROM billing_accounts
        WHERE tenant_id = :tenant_id AND parked_reason IS NOT NULL
    """,
    "invoice total differs from the sum of its lines": """
        SELECT i.number FROM invoices i
        LEFT JOIN (SELECT tenant_id, invoice_id, sum(amount_minor) AS total FROM invoice_lines
                   GROUP BY tenant_id, invoice_id) l
            ON l.tenant_id = i.tenant_id AND l.invoice_id = i.id
        WHERE i.tenant_id = :tenant_id AND i.total_minor <> coalesce(l.total, 0)
    """,
    "invoice body differs from its row": """
        SELECT number FROM invoices WHERE tenant_id = :tenant_id AND (
            (convert_from(body, 'UTF8')::jsonb ->> 'total_minor')::bigint <> total_minor
            OR convert_from(body, 'UTF8')::jsonb ->> 'number' <> number
            OR encode(sha256(body), 'hex') <> body_sha256)
    """,
    "invoice total differs from what was posted as receivable": """
        SELECT i.number FROM invoices i
        LEFT JOIN (SELECT t.tenant_id, t.invoice_id, sum(e.amount_minor) AS posted
                   FROM ledger_transactions t JOIN ledger_entries e
                     ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
                   WHERE t.kind = 'invoice' AND e.account = 'receivable'
                   GROUP BY t.tenant_id, t.invoice_id) p
            ON p.tenant_id = i.tenant_id AND p.invoice_id = i.id
        WHERE i.tenant_id = :tenant_id AND i.total_minor <> coalesce(p.posted, 0)
    """,
    "ledger transaction does not add up to zero": """
        SELECT transaction_id::text FROM ledger_entries WHERE tenant_id = :tenant_id
        GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0
    """,
    "receivables differ from open invoices": """
        SELECT coalesce(o.currency, r.currency) FROM
            (SELECT currency, sum(total_minor) AS open FROM invoices
             WHERE tenant_id = :tenant_id AND state = 'issued' GROUP BY currency) o
        FULL JOIN
            (SELECT currency, sum(amount_minor) AS owed FROM ledger_entries
             WHERE tenant_id = :tenant_id AND account = 'receivable' GROUP BY currency) r
            ON r.currency = o.currency
        WHERE coalesce(o.open, 0) <> coalesce(r.owed, 0)
    """,
    "cash differs from successful payments": """
        SELECT coalesce(p.currency, c.currency) FROM
            (SELECT currency, sum(amount_minor) AS paid FROM payments
             WHERE tenant_id = :tenant_id AND state = 'succeeded' GROUP BY currency) p
        FULL JOIN
            (SELECT currency, sum(amount_minor) AS cash FROM ledger_entries
             WHERE tenant_id = :tenant_id AND account = 'cash' GROUP BY currency) c
            ON c.currency = p.currency
        WHERE coalesce(p.paid, 0) <> coalesce(c.cash, 0)
    """,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree: the rule broken, and the rows that break it."""

    rule: str
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckBooks:
    """Run the invariants of billing as queries. Safe in production: it only reads."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> list[Finding]:
        """Return every broken rule; nothing when the books agree."""
        findings = []
        async with self.work(tenant_id) as session:
            for rule, query in _CHECKS.items():
                rows = await session.scalars(text(query), {"tenant_id": tenant_id})
                where = tuple(str(row) for row in rows)
                if where:
                    findings.append(Finding(rule, where))
        return findings
