"""What webhooks are told of invoices, written in the transaction of what happened."""

from datetime import datetime

from billing.domain.records import InvoiceSummary
from control_plane.kernel.ids import InvoiceId, TenantId, format_id
from control_plane.kernel.money import Money
from control_plane.notifications.webhooks.events import EventType, announcement
from control_plane.runtime.writes import Write


def issued_event(tenant_id: TenantId, invoice_id: InvoiceId, total: Money, at: datetime) -> Write:
    """Tell of a new invoice; its number is drawn last, and so not told."""
    data = {
        "invoice": format_id("inv", invoice_id),
        "currency": total.currency.code,
        "total_minor": total.minor,
    }
    return announcement(tenant_id, EventType.INVOICE_ISSUED, data, at=at)


def paid_event(invoice: InvoiceSummary, at: datetime) -> Write:
    """Tell that nothing of an invoice is open any more."""
    data = {**_named(invoice), "total_minor": invoice.total.minor}
    return announcement(invoice.tenant_id, EventType.INVOICE_PAID, data, at=at)


def overdue_event(invoice: InvoiceSummary, at: datetime) -> Write:
    """Tell that the day an invoice was payable by has passed."""
    data = {
        **_named(invoice),
        "open_minor": invoice.open.minor,
        "payable_by": invoice.payable_by.isoformat(),
    }
    return announcement(invoice.tenant_id, EventType.INVOICE_OVERDUE, data, at=at)


def _named(invoice: InvoiceSummary) -> dict[str, object]:
    return {
        "invoice": format_id("inv", invoice.id),
        "number": invoice.number,
        "currency": invoice.total.currency.code,
    }
