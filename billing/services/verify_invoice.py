"""Verify an invoice: compute it again from its manifest, and compare the bytes."""

from dataclasses import dataclass

from billing.domain.rating import RATING_VERSION
from billing.domain.records import InvoiceSummary
from billing.invoicing import Rater
from billing.repositories.invoices import InvoiceRepository
from billing.verifying import Outcome, Verifier
from control_plane.kernel.canonical import sha256_hex
from control_plane.kernel.ids import InvoiceId, TenantId
from control_plane.kernel.said import Said
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found. ``differences`` is empty when every byte is confirmed.

    ``version`` is the rating version that was used. ``newest`` says where the newest one,
    ``newest_version``, comes to another amount; nothing when it comes to the same.
    """

    invoice: InvoiceSummary
    sha256: str
    version: str
    differences: tuple[str, ...]
    newest: tuple[str, ...] = ()
    newest_version: str = RATING_VERSION

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
            found = await Verifier(self.rater).invoice(session, tenant_id, stored)
        differences = with_digest(found, stored.body, stored.body_sha256)
        return Verdict(stored.summary, stored.body_sha256, found.version, differences, found.newest)


def with_digest(found: Outcome, body: bytes, digest: str) -> tuple[str, ...]:
    """Return the differences, one more if the stored bytes are not those of their own digest."""
    if sha256_hex(body) == digest:
        return found.differences
    return (*found.differences, Said("the stored body does not match its own digest"))
