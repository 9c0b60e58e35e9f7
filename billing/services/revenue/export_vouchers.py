"""Export what was posted as accounting vouchers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.ledger import Account
from billing.domain.revenue.recognition import month_end
from billing.domain.vouchers.build import PostedEntry, vouchers
from billing.domain.vouchers.mapping import Dimension
from billing.reporting.voucher_csv import voucher_csv
from billing.reporting.voucher_mapping import read_voucher_mapping
from billing.repositories.revenue import Scope, scoped
from billing.services.revenue.run_report import LIVE
from control_plane.kernel.ids import format_id
from control_plane.runtime.unit_of_work import StaffWork

_ENTRIES = scoped(
    """
    SELECT t.booked_on, t.kind, e.account, e.currency, e.amount_minor, o.id, o.name,
        coalesce(n.number, i.number, w.number, t.business_key) AS document
    FROM ledger_entries e
    JOIN ledger_transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
    JOIN billing_accounts a ON a.tenant_id = e.tenant_id
    JOIN organisations o ON o.id = e.tenant_id
    LEFT JOIN invoices i ON i.tenant_id = t.tenant_id AND i.id = t.invoice_id
    LEFT JOIN credit_notes n ON n.tenant_id = t.tenant_id AND n.id = t.credit_note_id
    LEFT JOIN wallet_topups w ON w.tenant_id = t.tenant_id AND w.id = t.source_id
    WHERE $scope AND t.booked_on BETWEEN :first AND :last
    """,
    "e",
    "a",
)


@dataclass(frozen=True, slots=True)
class ExportVouchers:
    """Whole months of postings as vouchers, so that numbers are the same in every export.

    Revenue is in the months whose recognition was posted, which is as soon as they end.
    """

    staff: StaffWork

    async def __call__(
        self, mapping: str, first: date, last: date, scope: Scope | None = None
    ) -> Iterator[bytes]:
        """Return the file over the months of ``first`` to ``last``, piece by piece.

        Args:
            mapping: the YAML that names the chart's accounts, see `read_voucher_mapping`.
            first: any day of the first month.
            last: any day of the last month.
            scope: whose books; all live tenants' by default.

        Raises:
            VoucherMappingInvalid: the mapping is wrong, with every line and column.
        """
        read = read_voucher_mapping(mapping)
        wanted = scope or Scope()
        if wanted.tenant_id is None and wanted.entity is None:
            wanted = replace(wanted, entity=LIVE)
        async with self.staff() as session:
            entries = await _entries(session, first.replace(day=1), month_end(last), wanted)
        return voucher_csv(vouchers(entries, read), read)


async def _entries(
    session: AsyncSession, first: date, last: date, scope: Scope
) -> list[PostedEntry]:
    values = {**scope.values, "first": first, "last": last}
    return [
        PostedEntry(
            booked_on=row.booked_on,
            kind=row.kind,
            account=Account(row.account),
            currency=row.currency,
            minor=row.amount_minor,
            dimensions={
                Dimension.CUSTOMER: row.name,
                Dimension.CUSTOMER_ID: format_id("ten", row.id),
                Dimension.DOCUMENT: row.document,
                Dimension.EVENT: row.kind,
            },
        )
        for row in await session.execute(_ENTRIES, values)
    ]
