"""The invariants of top-ups and recurring credits as queries; `book_rules` runs them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BALANCE_RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "top-up's document differs from its row": """
            SELECT number FROM (
                SELECT *, convert_from(body, 'UTF8')::jsonb AS said FROM wallet_topups
                WHERE tenant_id = :tenant_id AND state = 'paid') t
            WHERE (said ->> 'total_minor')::bigint <> amount_minor
                OR said ->> 'number' <> number OR said ->> 'policy' <> policy
                OR encode(sha256(body), 'hex') <> body_sha256
        """,
        # Only a prepayment invoice is taxed; what later invoices deduct is at most its tax.
        "top-up is taxed against its policy": """
            SELECT number FROM (
                SELECT *, (convert_from(body, 'UTF8')::jsonb ->> 'tax_minor')::bigint AS charged,
                    (SELECT coalesce(sum((tax ->> 'tax_minor')::bigint), 0)
                     FROM jsonb_array_elements(taxes) AS tax) AS remaining
                FROM wallet_topups WHERE tenant_id = :tenant_id AND state = 'paid') t
            WHERE remaining > charged
                OR policy <> 'tax_on_topup' AND (charged <> 0 OR remaining <> 0)
        """,
        "prepaid tax differs from what was deducted of it": """
            SELECT t.number FROM wallet_topups t
            LEFT JOIN (SELECT tenant_id, topup_id, sum(tax_minor) AS deducted FROM wallet_uses
                       GROUP BY tenant_id, topup_id) u
                ON u.tenant_id = t.tenant_id AND u.topup_id = t.id
            WHERE t.tenant_id = :tenant_id AND t.state = 'paid' AND t.expired_minor = 0
                AND (convert_from(t.body, 'UTF8')::jsonb ->> 'tax_minor')::bigint
                    <> coalesce(u.deducted, 0) + (
                        SELECT coalesce(sum((tax ->> 'tax_minor')::bigint), 0)
                        FROM jsonb_array_elements(t.taxes) AS tax)
        """,
        "card charge differs from the top-up it paid": """
            SELECT c.id::text FROM topup_charges c JOIN wallet_topups t
                ON t.tenant_id = c.tenant_id AND t.id = c.topup_id
            WHERE c.tenant_id = :tenant_id AND c.state = 'succeeded' AND (t.state <> 'paid'
                OR t.amount_minor <> c.amount_minor OR t.currency <> c.currency
                OR t.reference <> c.reference)
        """,
        "recurring credit misses a cycle": """
            SELECT s.reason FROM credit_schedules s
            LEFT JOIN (SELECT tenant_id, schedule_id, count(*) AS granted, max(nth) AS last
                       FROM credit_grants GROUP BY tenant_id, schedule_id) g
                ON g.tenant_id = s.tenant_id AND g.schedule_id = s.id
            WHERE s.tenant_id = :tenant_id AND (g.granted <> g.last + 1
                OR coalesce(g.granted, 0) < least(s.following, s.times) AND s.ended_at IS NULL)
        """,
    }
)
"""By what is wrong when a query returns anything. All take ``tenant_id``."""
