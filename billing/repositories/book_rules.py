"""The invariants of billing as queries: each returns the places where a rule is broken.

They only read, and run over one tenant's rows at a time, in production as in tests.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from billing.repositories.balance_rules import BALANCE_RULES

_DOCUMENTS = {
    "billing is halted": """
        SELECT parked_reason FROM billing_accounts
        WHERE tenant_id = :tenant_id AND parked_reason IS NOT NULL
    """,
    "invoice differs from the sum of its lines": """
        SELECT i.number FROM invoices i
        LEFT JOIN (SELECT tenant_id, invoice_id, sum(net_minor) AS net, sum(tax_minor) AS tax
                   FROM invoice_lines GROUP BY tenant_id, invoice_id) l
            ON l.tenant_id = i.tenant_id AND l.invoice_id = i.id
        WHERE i.tenant_id = :tenant_id AND (i.net_minor <> coalesce(l.net, 0)
            OR i.tax_minor <> coalesce(l.tax, 0) OR i.total_minor <> i.net_minor + i.tax_minor)
    """,
    "credit note differs from the sum of its lines": """
        SELECT n.number FROM credit_notes n
        LEFT JOIN (SELECT tenant_id, note_id, sum(net_minor) AS net, sum(tax_minor) AS tax
                   FROM credit_note_lines GROUP BY tenant_id, note_id) l
            ON l.tenant_id = n.tenant_id AND l.note_id = n.id
        WHERE n.tenant_id = :tenant_id AND (n.net_minor <> coalesce(l.net, 0)
            OR n.tax_minor <> coalesce(l.tax, 0) OR n.total_minor <> n.net_minor + n.tax_minor)
    """,
    "document's body differs from its row": """
        SELECT number FROM (
            SELECT number, total_minor, body, body_sha256 FROM invoices
            WHERE tenant_id = :tenant_id
            UNION ALL
            SELECT number, total_minor, body, body_sha256 FROM credit_notes
            WHERE tenant_id = :tenant_id) d
        WHERE (convert_from(body, 'UTF8')::jsonb ->> 'total_minor')::bigint <> total_minor
            OR convert_from(body, 'UTF8')::jsonb ->> 'number' <> number
            OR encode(sha256(body), 'hex') <> body_sha256
    """,
    "invoice is credited beyond its total": """
        SELECT i.number FROM invoices i
        JOIN (SELECT tenant_id, invoice_id, sum(net_minor) AS net, sum(tax_minor) AS tax
              FROM credit_notes GROUP BY tenant_id, invoice_id) n
            ON n.tenant_id = i.tenant_id AND n.invoice_id = i.id
        WHERE i.tenant_id = :tenant_id AND (n.net > i.net_minor OR n.tax > i.tax_minor)
    """,
    "line is credited beyond its amount": """
        SELECT l.line_key FROM invoice_lines l
        JOIN (SELECT tenant_id, invoice_line_id, sum(amount_minor) AS amount, sum(net_minor) AS net
              FROM credit_note_lines GROUP BY tenant_id, invoice_line_id) n
            ON n.tenant_id = l.tenant_id AND n.invoice_line_id = l.id
        WHERE l.tenant_id = :tenant_id AND (n.amount > l.amount_minor OR n.net > l.net_minor)
    """,
    "invoice's settlement differs from what settled it": """
        SELECT i.number FROM invoices i
        LEFT JOIN (SELECT tenant_id, invoice_id, sum(lowered_minor) AS lowered FROM credit_notes
                   GROUP BY tenant_id, invoice_id) n
            ON n.tenant_id = i.tenant_id AND n.invoice_id = i.id
        WHERE i.tenant_id = :tenant_id AND i.credited_minor <> coalesce(n.lowered, 0)
    """,
}

_LEDGER = {
    "ledger transaction does not add up to zero": """
        SELECT transaction_id::text FROM ledger_entries WHERE tenant_id = :tenant_id
        GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0
    """,
    "invoice was not posted as issued": """
        SELECT i.number FROM invoices i
        LEFT JOIN (SELECT t.tenant_id, t.invoice_id, -sum(e.amount_minor) AS posted
                   FROM ledger_transactions t JOIN ledger_entries e
                     ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
                   WHERE t.tenant_id = :tenant_id AND t.kind = 'invoice'
                     AND (e.account = 'deferred_revenue' OR e.account LIKE 'revenue%')
                   GROUP BY t.tenant_id, t.invoice_id) p
            ON p.tenant_id = i.tenant_id AND p.invoice_id = i.id
        WHERE i.tenant_id = :tenant_id AND i.net_minor <> coalesce(p.posted, 0)
    """,
    "credit note was not posted as issued": """
        SELECT n.number FROM credit_notes n
        LEFT JOIN (SELECT t.tenant_id, t.credit_note_id,
                       sum(e.amount_minor) FILTER (WHERE e.account = 'deferred_revenue') AS net,
                       sum(e.amount_minor) FILTER (WHERE e.account = 'tax_payable') AS tax
                   FROM ledger_transactions t JOIN ledger_entries e
                     ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
                   WHERE t.tenant_id = :tenant_id AND t.kind = 'credit_note'
                   GROUP BY t.tenant_id, t.credit_note_id) p
            ON p.tenant_id = n.tenant_id AND p.credit_note_id = n.id
        WHERE n.tenant_id = :tenant_id
            AND (n.net_minor <> coalesce(p.net, 0) OR n.tax_minor <> coalesce(p.tax, 0))
    """,
    "receivable differs from what is open on an invoice": """
        SELECT i.number FROM invoices i
        LEFT JOIN (SELECT t.tenant_id, t.invoice_id, sum(e.amount_minor) AS owed
                   FROM ledger_transactions t JOIN ledger_entries e
                     ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
                   WHERE t.tenant_id = :tenant_id AND e.account = 'receivable'
                   GROUP BY t.tenant_id, t.invoice_id) r
            ON r.tenant_id = i.tenant_id AND r.invoice_id = i.id
        WHERE i.tenant_id = :tenant_id AND coalesce(r.owed, 0) <> CASE
            WHEN i.state IN ('voided', 'uncollectible') THEN 0
            ELSE i.due_minor - i.paid_minor - i.credited_minor END
    """,
    "receivable is of no invoice": """
        SELECT t.business_key FROM ledger_transactions t JOIN ledger_entries e
            ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
        WHERE t.tenant_id = :tenant_id AND e.account = 'receivable' AND t.invoice_id IS NULL
    """,
    "deferred and recognised revenue differ from what was invoiced": """
        SELECT coalesce(o.currency, e.currency) FROM
            (SELECT currency, sum(net) AS net FROM (
                SELECT currency, net_minor AS net FROM invoices
                WHERE tenant_id = :tenant_id AND state <> 'voided'
                UNION ALL
                SELECT currency, -net_minor FROM credit_notes WHERE tenant_id = :tenant_id) d
             GROUP BY currency) o
        FULL JOIN
            (SELECT currency, -sum(amount_minor) AS held FROM ledger_entries
             WHERE tenant_id = :tenant_id AND (account = 'deferred_revenue'
                OR account LIKE 'revenue%' AND account <> 'revenue_prepaid')
             GROUP BY currency) e
            ON e.currency = o.currency
        WHERE coalesce(o.net, 0) <> coalesce(e.held, 0)
    """,
    "deferred revenue is less than nothing": """
        SELECT currency FROM ledger_entries
        WHERE tenant_id = :tenant_id AND account = 'deferred_revenue'
        GROUP BY currency HAVING sum(amount_minor) > 0
    """,
    "customer credit differs from its sources": """
        SELECT coalesce(s.currency, e.currency) FROM
            (SELECT currency, sum(remaining_minor) AS held FROM credit_sources
             WHERE tenant_id = :tenant_id GROUP BY currency) s
        FULL JOIN
            (SELECT currency, -sum(amount_minor) AS held FROM ledger_entries
             WHERE tenant_id = :tenant_id AND account = 'customer_credit' GROUP BY currency) e
            ON e.currency = s.currency
        WHERE coalesce(s.held, 0) <> coalesce(e.held, 0)
    """,
    "credit source differs from its entries": """
        SELECT s.reference FROM credit_sources s
        LEFT JOIN (SELECT tenant_id, source_id, sum(amount_minor) AS held FROM credit_entries
                   GROUP BY tenant_id, source_id) e
            ON e.tenant_id = s.tenant_id AND e.source_id = s.id
        WHERE s.tenant_id = :tenant_id AND s.remaining_minor <> coalesce(e.held, 0)
    """,
    "tax payable differs from the taxes of documents": """
        SELECT coalesce(o.currency, e.currency) FROM
            (SELECT currency, sum(tax) AS tax FROM (
                SELECT currency, tax_minor AS tax FROM invoices
                WHERE tenant_id = :tenant_id AND state <> 'voided'
                UNION ALL
                SELECT currency, -tax_minor FROM credit_notes WHERE tenant_id = :tenant_id
                UNION ALL
                SELECT currency, (convert_from(body, 'UTF8')::jsonb ->> 'tax_minor')::bigint
                FROM wallet_topups WHERE tenant_id = :tenant_id AND policy = 'tax_on_topup'
                    AND state = 'paid'
                UNION ALL
                SELECT t.currency, -u.tax_minor FROM wallet_uses u JOIN wallet_topups t
                    ON t.tenant_id = u.tenant_id AND t.id = u.topup_id
                WHERE u.tenant_id = :tenant_id) d
             GROUP BY currency) o
        FULL JOIN
            (SELECT currency, -sum(amount_minor) AS tax FROM ledger_entries
             WHERE tenant_id = :tenant_id AND account = 'tax_payable' GROUP BY currency) e
            ON e.currency = o.currency
        WHERE coalesce(o.tax, 0) <> coalesce(e.tax, 0)
    """,
    "successful payment was not posted once": """
        SELECT p.id::text FROM payments p
        LEFT JOIN (SELECT t.tenant_id, t.payment_id, sum(e.amount_minor) AS posted
                   FROM ledger_transactions t JOIN ledger_entries e
                     ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
                   WHERE t.tenant_id = :tenant_id AND t.kind = 'payment' AND e.account = 'cash'
                   GROUP BY t.tenant_id, t.payment_id) c
            ON c.tenant_id = p.tenant_id AND c.payment_id = p.id
        WHERE p.tenant_id = :tenant_id AND coalesce(c.posted, 0) <>
            CASE WHEN p.state = 'succeeded' THEN p.amount_minor ELSE 0 END
    """,
}

# What was taxed at the top-up is no liability any more: of such a balance only the net is.
_BALANCES = {
    "prepaid liability differs from the balances": """
        SELECT coalesce(w.currency, e.currency) FROM
            (SELECT currency, sum(free_minor - coalesce((
                SELECT sum((tax ->> 'tax_minor')::bigint)
                FROM jsonb_array_elements(taxes) AS tax), 0)) AS held
             FROM wallet_topups WHERE tenant_id = :tenant_id AND state = 'paid'
             GROUP BY currency) w
        FULL JOIN
            (SELECT currency, -sum(amount_minor) AS held FROM ledger_entries
             WHERE tenant_id = :tenant_id AND account = 'prepaid_liability' GROUP BY currency) e
            ON e.currency = w.currency
        WHERE coalesce(w.held, 0) <> coalesce(e.held, 0)
    """,
    "prepaid balance differs from its uses": """
        SELECT t.number FROM wallet_topups t
        LEFT JOIN (SELECT tenant_id, topup_id, sum(amount_minor) AS used FROM wallet_uses
                   GROUP BY tenant_id, topup_id) u
            ON u.tenant_id = t.tenant_id AND u.topup_id = t.id
        WHERE t.tenant_id = :tenant_id AND t.state = 'paid'
            AND (t.spent_minor <> coalesce(u.used, 0) OR t.amount_minor <>
                t.spent_minor + t.expired_minor + t.refunded_minor + t.free_minor)
    """,
    "promotional credit is not conserved": """
        SELECT g.code FROM credit_grants g
        LEFT JOIN (SELECT c.tenant_id, c.grant_id, sum(c.amount_minor) AS used
                   FROM credit_uses c JOIN invoices i
                     ON i.tenant_id = c.tenant_id AND i.id = c.invoice_id
                   WHERE i.state <> 'voided' GROUP BY c.tenant_id, c.grant_id) u
            ON u.tenant_id = g.tenant_id AND u.grant_id = g.id
        WHERE g.tenant_id = :tenant_id AND (g.spent_minor <> coalesce(u.used, 0)
            OR g.granted_minor <> g.spent_minor + g.held_minor + g.expired_minor + g.free_minor)
    """,
    "cash differs from what came in and went out": """
        SELECT coalesce(m.currency, e.currency) FROM
            (SELECT currency, sum(minor) AS held FROM (
                SELECT currency, amount_minor AS minor FROM payments
                WHERE tenant_id = :tenant_id AND state = 'succeeded'
                UNION ALL
                SELECT currency, amount_minor - refunded_minor FROM wallet_topups
                WHERE tenant_id = :tenant_id AND state = 'paid'
                UNION ALL
                SELECT currency, kept_minor FROM consolidated_payments
                WHERE tenant_id = :tenant_id
                UNION ALL
                SELECT currency, amount_minor FROM credit_entries
                WHERE tenant_id = :tenant_id AND kind = 'refunded') f
             GROUP BY currency) m
        FULL JOIN
            (SELECT currency, sum(amount_minor) AS held FROM ledger_entries
             WHERE tenant_id = :tenant_id AND account = 'cash' GROUP BY currency) e
            ON e.currency = m.currency
        WHERE coalesce(m.held, 0) <> coalesce(e.held, 0)
    """,
}

RULES: Final[Mapping[str, str]] = MappingProxyType(
    {**_DOCUMENTS, **_LEDGER, **_BALANCES, **BALANCE_RULES}
)
"""By what is wrong when a query returns anything. All take ``tenant_id``."""


def _gaps(documents: str) -> str:
    """Return what finds each document whose number does not follow on the one before it."""
    return f"""
        SELECT tenant_id, number FROM (
            SELECT tenant_id, number, place,
                lag(place, 1, 0) OVER (PARTITION BY series, entity, year ORDER BY place) AS before
            FROM ({documents}) documents) numbered
        WHERE place <> before + 1 ORDER BY number
    """  # noqa: S608 - queries of this file


NUMBERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "invoice numbers have gaps": _gaps(
            "SELECT 1 AS series, tenant_id, number, entity, year, place FROM invoices"
        ),
        "credit note numbers have gaps": _gaps(
            "SELECT 1 AS series, tenant_id, number, entity, year, place FROM credit_notes"
        ),
        "consolidated invoice numbers have gaps": _gaps(
            "SELECT 1 AS series, tenant_id, number, entity, year, place FROM consolidated_invoices"
        ),
        "receipt numbers have gaps": _gaps(
            """
            SELECT policy = 'tax_on_topup' AS series, tenant_id, number, entity,
                substring(number FROM '-([0-9]{4})-[0-9]+$')::integer AS year,
                substring(number FROM '-([0-9]+)$')::integer AS place
            FROM wallet_topups WHERE number IS NOT NULL
            """
        ),
    }
)
"""Rules over all tenants of a legal entity, for a session of the staff: whose document follows a
gap, and its number."""
