"""Run a report of finance."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.reports.sheet import Sheet
from billing.errors import ReportNotFound, ReportSpanInvalid
from billing.repositories.revenue import Scope
from billing.services.revenue.reports.asked import Asked
from billing.services.revenue.reports.general_ledger import general_ledger
from billing.services.revenue.reports.receivables import aged_receivables
from billing.services.revenue.reports.recurring import recurring_revenue
from billing.services.revenue.reports.revenue import deferred_revenue, revenue_by_month
from billing.services.revenue.reports.taxes import tax_report
from billing.services.revenue.reports.trial_balance import trial_balance
from control_plane.runtime.unit_of_work import StaffWork

Builder = Callable[[AsyncSession, Asked], Awaitable[list[Sheet]]]

REPORTS: Final[Mapping[str, Builder]] = MappingProxyType(
    {
        "trial-balance": trial_balance,
        "general-ledger": general_ledger,
        "receivables": aged_receivables,
        "revenue": revenue_by_month,
        "deferred": deferred_revenue,
        "taxes": tax_report,
        "mrr": recurring_revenue,
    }
)
LONGEST_DAYS = 366 * 10
LIVE = "live"


@dataclass(frozen=True, slots=True)
class RunReport:
    """Reads over all tenants, or one: nothing is written. For the vendor's staff."""

    staff: StaffWork

    async def __call__(self, name: str, asked: Asked) -> list[Sheet]:
        """Return the report's sheets. Without a tenant it is over all live ones.

        Raises:
            ReportNotFound: there is none of that name.
            ReportSpanInvalid: the span ends before it starts, or is longer than ten years.
        """
        if name not in REPORTS:
            raise ReportNotFound(name=name, known=", ".join(REPORTS))
        if not 0 <= (asked.last - asked.first).days <= LONGEST_DAYS:
            raise ReportSpanInvalid(first=asked.first, last=asked.last, field="last")
        scope = asked.scope
        if scope.tenant_id is None and scope.entity is None:
            asked = replace(asked, scope=Scope(entity=LIVE, currency=scope.currency))
        async with self.staff() as session:
            return await REPORTS[name](session, asked)
