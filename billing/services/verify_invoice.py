"""Verify an invoice: compute it again from its manifest, and compare the bytes."""

from dataclasses import dataclass

from billing.domain.lines import DueLine
from billing.domain.rating import RATING_VERSION, Measured
from billing.domain.records import InvoiceSummary, StoredInvoice
from billing.domain.replay import (
    Recorded,
    lines_as_due,
    recorded_usage,
    replay_body,
    timelines_as_known,
)
from billing.invoicing import Rater
from billing.repositories.invoices import InvoiceRepository
from control_plane.kernel.calendar import tzdata_version
from control_plane.kernel.canonical import sha256_hex
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import InvoiceId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.subscriptions.repository import SubscriptionRepository


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found. ``differences`` is empty when every byte is confirmed."""

    invoice: InvoiceSummary
    sha256: str
    differences: tuple[str, ...]

    @property
    def confirmed(self) -> bool:
        """Tell whether the invoice is exactly what its inputs come to."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class VerifyInvoice:
    """Re-rate an invoice from timelines, price versions and the events its cut-off contains."""

    work: UnitOfWork
    rater: Rater

    async def __call__(self, *, tenant_id: TenantId, invoice_id: InvoiceId) -> Verdict:
        """Return what, if anything, differs from the frozen bytes.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            stored = await InvoiceRepository(session).get(invoice_id)
            inputs = stored.inputs
            all_known = await SubscriptionRepository(session).timelines(tenant_id)
            timelines = timelines_as_known(all_known, inputs)
            try:
                lines = lines_as_due(
                    timelines, await self.rater.shelf.versions(session, timelines), inputs
                )
            except LookupError as missing:
                return self._verdict(stored, [f"line {missing} is no longer due"])
            recorded = recorded_usage(inputs)
            measured, differences = await self._measure(
                tenant_id, lines, recorded, inputs["cutoff"]
            )
        if inputs["rating_version"] != RATING_VERSION:
            differences.append(f"rating version {inputs['rating_version']} is not shipped")
        if replay_body(tenant_id, inputs, lines, measured) != stored.body:
            differences.append(f"the body differs (time zone rules {tzdata_version()})")
        return self._verdict(stored, differences)

    async def _measure(
        self,
        tenant_id: TenantId,
        lines: tuple[DueLine, ...],
        recorded: dict[str, Recorded],
        cutoff: str,
    ) -> tuple[dict[str, Measured], list[str]]:
        measured: dict[str, Measured] = {}
        differences: list[str] = []
        for line in (x for x in lines if x.usage is not None):
            said = recorded[line.key]
            again = await self.rater.measure(tenant_id, line, said.meter, cutoff, said.since)
            found = again.measured
            measured[line.key] = found
            if found.digest != said.digest:
                differences.append(f"line {line.key} was computed from other events")
            if quantity_text(found.quantity) != said.quantity:
                differences.append(f"line {line.key} measures {found.quantity}")
        return measured, differences

    @staticmethod
    def _verdict(stored: StoredInvoice, differences: list[str]) -> Verdict:
        found = list(differences)
        if sha256_hex(stored.body) != stored.body_sha256:
            found.append("the stored body does not match its own digest")
        return Verdict(stored.summary, stored.body_sha256, tuple(found))
