"""Issues an invoice: lines, postings, messages and audit entry commit together, or not at all.

The caller holds the tenant's account locked. The unique constraints on line keys and on (tenant,
currency, due instant, part) stand behind that lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.invoice import Heading, Party, invoice_body, invoice_number, invoice_total
from billing.domain.ledger import issue_entries
from billing.domain.manifest import manifest
from billing.domain.records import Account, InvoiceSummary
from billing.invoicing import RatedBatch
from billing.mailing import readers_of, request_mail
from billing.repositories.invoices import InvoiceRepository, NewInvoice
from billing.repositories.ledger import LedgerRepository
from control_plane.audit.record import record
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.ids import InvoiceId, SubscriptionId, format_id, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import INVOICE_ISSUED
from control_plane.tenancy.domain import Organisation

ACTOR = "billing"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Issues the invoices of one tenant, within one transaction.

    ``through`` names the last timeline entry known of each subscription.
    """

    session: AsyncSession
    account: Account
    organisation: Organisation
    vendor_name: str
    through: Mapping[SubscriptionId, int]
    now: datetime

    async def issue(self, rated: RatedBatch) -> InvoiceSummary:
        """Issue one invoice over a batch.

        Raises:
            NegativeInvoice: the lines add up to less than nothing.
        """
        invoice_id = InvoiceId(new_id())
        total = invoice_total(rated.lines, rated.batch.currency)
        heading = await self._heading(rated)
        await self._book(invoice_id, rated)
        await self._announce(invoice_id, total)
        readers = await readers_of(self.session, self.organisation) if total.minor else ()
        summary = await self._keep(invoice_id, heading, rated, total)
        # The mail names the number, so it alone comes after the draw.
        await request_mail(self.session, self.organisation, readers, summary)
        return summary

    async def _heading(self, rated: RatedBatch) -> Heading:
        batch = rated.batch
        # An invoice of the same instant says that the account was closed as far as that.
        closed, part = self.account.closed_through, 0
        if closed is not None and closed >= batch.due_at:
            part = await InvoiceRepository(self.session).parts_at(
                self.account.tenant_id, batch.currency.code, batch.due_at
            )
        return Heading(
            number="",
            tenant_id=self.account.tenant_id,
            seller=Party(self.vendor_name, self.account.entity),
            buyer=Party(self.organisation.name, self.organisation.slug),
            currency=batch.currency,
            zone=batch.lines[0].zone,
            due_at=batch.due_at,
            part=part,
        )

    async def _book(self, invoice_id: InvoiceId, rated: RatedBatch) -> None:
        tenant_id = self.account.tenant_id
        cutoffs = {entry.line.key: rated.cutoff for entry in rated.usage}
        await InvoiceRepository(self.session).add_lines(tenant_id, invoice_id, rated.lines, cutoffs)
        await LedgerRepository(self.session).post(
            tenant_id,
            "invoice",
            f"invoice:{invoice_id}",
            invoice_id,
            issue_entries(rated.lines),
            rated.batch.due_at,
        )

    async def _announce(self, invoice_id: InvoiceId, total: Money) -> None:
        tenant_id = self.account.tenant_id
        if total.minor:
            payload = {"invoice_id": str(invoice_id)}
            await enqueue(self.session, tenant_id, INVOICE_ISSUED, payload)
        details = {"total_minor": total.minor, "currency": total.currency.code}
        await record(
            self.session,
            tenant_id,
            ACTOR,
            "invoice.issued",
            "invoice",
            format_id("inv", invoice_id),
            details,
        )

    async def _keep(
        self, invoice_id: InvoiceId, heading: Heading, rated: RatedBatch, total: Money
    ) -> InvoiceSummary:
        """Draw the number, as late as can be: from here to the commit nobody else draws one."""
        invoices, entity, year = (
            InvoiceRepository(self.session),
            self.account.entity,
            heading.dated.year,
        )
        place = await invoices.draw_place(entity, year)
        heading = replace(heading, number=invoice_number(entity, year, place))
        body = canonical_json(invoice_body(heading, rated.lines))
        inputs = manifest(
            heading, rated.batch.lines, rated.usage, cutoff=rated.cutoff, through=self.through
        )
        return await invoices.add(
            NewInvoice(
                id=invoice_id,
                heading=heading,
                entity=entity,
                place=place,
                total=total,
                body=body,
                body_sha256=sha256_hex(body),
                manifest=canonical_json(inputs),
                issued_at=self.now,
            )
        )
