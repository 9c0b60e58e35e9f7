"""Explain an invoice, line by line."""

from dataclasses import dataclass

from billing.domain.explain import ExplainedLine, explain_lines
from billing.domain.records import InvoiceSummary
from billing.messages import translator
from billing.repositories.invoices import InvoiceRepository
from control_plane.kernel.ids import InvoiceId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Explanation:
    """An invoice, and how each of its lines came about."""

    invoice: InvoiceSummary
    lines: tuple[ExplainedLine, ...]


@dataclass(frozen=True, slots=True)
class ExplainInvoice:
    """Walk every line of an invoice down to tiers, day fractions and counted events."""

    work: UnitOfWork

    async def __call__(
        self, *, tenant_id: TenantId, invoice_id: InvoiceId, language: str = "en"
    ) -> Explanation:
        """Explain from the frozen body alone, in English or Chinese.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            stored = await InvoiceRepository(session).get(invoice_id)
        lines = explain_lines(stored.content, language, translator(language))
        return Explanation(stored.summary, lines)
