"""The events behind a line: exactly those that were counted, page by page."""

from dataclasses import dataclass
from urllib.parse import quote

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from control_plane.identity.domain import Permission
from metering.domain.events import EventPage, UsageEvent
from web.api.common import tenant
from web.api.credit_notes import note_id_from
from web.api.invoices import invoice_id_from
from web.compose import Application
from web.portal.page import Page, PageRequest, page

READ = {"permission": Permission.INVOICE_READ}
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event as it was sent; ``data`` is its canonical JSON."""

    event: UsageEvent
    data: str


@dataclass(frozen=True, slots=True)
class LineEventsView:
    """A page of events; ``next_url`` goes on, None on the last page."""

    document_url: str
    line: str
    rows: tuple[EventRow, ...]
    next_url: str | None


@get("/portal/invoices/{invoice_id:str}/events", opt=READ, include_in_schema=False)
async def invoice_events_page(
    request: PageRequest,
    invoice_id: FromPath[str],
    application: NamedDependency[Application],
    line: FromQuery[str],
    after: FromQuery[str | None] = None,
) -> Page:
    """Show a page of the events that an invoice's line was measured by."""
    found = await application.list_line_events(
        tenant_id=tenant(request),
        invoice_id=invoice_id_from(invoice_id),
        line_key=line,
        after=after,
        limit=PAGE_SIZE,
    )
    view = _view(f"/portal/invoices/{invoice_id}", line, found)
    return await page(request, application, "portal/line_events.html", "invoices", view=view)


@get("/portal/credit-notes/{note_id:str}/events", opt=READ, include_in_schema=False)
async def note_events_page(
    request: PageRequest,
    note_id: FromPath[str],
    application: NamedDependency[Application],
    line: FromQuery[str],
    after: FromQuery[str | None] = None,
) -> Page:
    """Show a page of the events that a credit note's line was measured by."""
    found = await application.list_line_events.of_note(
        tenant_id=tenant(request),
        note_id=note_id_from(note_id),
        line_key=line,
        after=after,
        limit=PAGE_SIZE,
    )
    view = _view(f"/portal/credit-notes/{note_id}", line, found)
    return await page(request, application, "portal/line_events.html", "invoices", view=view)


def _view(document_url: str, line: str, found: EventPage) -> LineEventsView:
    next_url = None
    if found.after is not None:
        next_url = f"{document_url}/events?line={quote(line, safe='')}"
        next_url += f"&after={quote(found.after, safe='')}"
    rows = tuple(EventRow(event, event.data_json.decode()) for event in found.events)
    return LineEventsView(document_url, line, rows, next_url)
