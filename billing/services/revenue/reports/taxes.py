"""What tax was invoiced, by jurisdiction and rate."""

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.reports.sheet import Cell, Sheet, money, month, summed, text
from billing.domain.revenue.recognition import month_end
from billing.repositories.revenue import scoped
from billing.services.revenue.reports.asked import Asked
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money

_COLUMNS = (
    month("month"),
    text("jurisdiction"),
    text("tax_code"),
    text("category"),
    text("rate"),
    money("base"),
    money("tax"),
)
# The frozen bodies are the truth of a tax return: what the customer's document says. Whose tax it
# is stands in the invoice's manifest; a credit note's is that of the invoice it corrects.
_TAXES = scoped(
    """
    WITH documents AS (
        SELECT tenant_id, entity, currency, dated, 1 AS sign,
            convert_from(body, 'UTF8')::jsonb AS said,
            convert_from(manifest, 'UTF8')::jsonb AS inputs FROM invoices
        WHERE dated BETWEEN :first AND :last AND state <> 'voided'
        UNION ALL
        SELECT n.tenant_id, n.entity, n.currency, n.dated, -1,
            convert_from(n.body, 'UTF8')::jsonb, convert_from(i.manifest, 'UTF8')::jsonb
        FROM credit_notes n JOIN invoices i ON i.tenant_id = n.tenant_id AND i.id = n.invoice_id
        WHERE n.dated BETWEEN :first AND :last
    )
    SELECT (date_trunc('month', d.dated) + interval '1 month - 1 day')::date AS month,
        coalesce((SELECT t ->> 'jurisdiction'
            FROM jsonb_array_elements(coalesce(d.inputs -> 'treatments', '[]')) AS t
            WHERE t ->> 'code' = x.code AND t ->> 'rate' = x.rate LIMIT 1), '') AS jurisdiction,
        d.currency, x.code, x.category, x.rate,
        sum(d.sign * x.base_minor)::bigint AS base, sum(d.sign * x.tax_minor)::bigint AS tax
    FROM documents d, jsonb_to_recordset(coalesce(d.said -> 'taxes', '[]')) AS x (
        category text, code text, rate text, base_minor bigint, tax_minor bigint)
    WHERE $scope
    GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
    """,
    "d",
    "d",
)


async def tax_report(session: AsyncSession, asked: Asked) -> list[Sheet]:
    """Return tax by month of the documents' dates, credit notes deducted, voided ones left out."""
    span = {"first": asked.first.replace(day=1), "last": month_end(asked.last)}
    rows: list[tuple[Cell, ...]] = []
    for row in await session.execute(_TAXES, {**asked.scope.values, **span}):
        unit = currency(row.currency)
        base, tax = Money(row.base, unit), Money(row.tax, unit)
        rows.append((row.month, row.jurisdiction, row.code, row.category, row.rate, base, tax))
    return [Sheet("taxes", _COLUMNS, tuple(rows), summed(_COLUMNS, rows), "tax")]
