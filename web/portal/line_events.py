"""The events behind a line: exactly those that were counted, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
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
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.previews import line_title

READ = {"permission": Permission.INVOICE_READ}
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event as it was sent; ``data`` is its canonical JSON.

    ``corrects`` is the id of what it counts in place of; one ``taken_back`` counts below zero.
    """

    event: UsageEvent
    data: str
    corrects: str | None
    taken_back: bool


@dataclass(frozen=True, slots=True)
class LineEventsView:
    """A page of events of the line of a ``name``; ``next_url`` goes on, None on the last page."""

    document_url: str
    name: str
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
    tenant_id, wanted = tenant(request), invoice_id_from(invoice_id)
    async with application.work(tenant_id):
        found = await application.list_line_events(
            tenant_id=tenant_id, invoice_id=wanted, line_key=line, after=after, limit=PAGE_SIZE
        )
        kept = await application.get_invoice(tenant_id=tenant_id, invoice_id=wanted)
    name = _name(kept.invoice.content, line, language_of(request))
    view = _view(f"/portal/invoices/{invoice_id}", name, line, found)
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
    tenant_id, wanted = tenant(request), note_id_from(note_id)
    async with application.work(tenant_id):
        found = await application.list_line_events.of_note(
            tenant_id=tenant_id, note_id=wanted, line_key=line, after=after, limit=PAGE_SIZE
        )
        kept = await application.get_credit_note(tenant_id=tenant_id, note_id=wanted)
    name = _name(kept.content, line, language_of(request))
    view = _view(f"/portal/credit-notes/{note_id}", name, line, found)
    return await page(request, application, "portal/line_events.html", "invoices", view=view)


def _name(content: Mapping[str, Any], key: str, language: str) -> str:
    return next((line_title(line, language) for line in content["lines"] if line["key"] == key), "")


def _view(document_url: str, name: str, line: str, found: EventPage) -> LineEventsView:
    next_url = None
    if found.after is not None:
        next_url = f"{document_url}/events?line={quote(line, safe='')}"
        next_url += f"&after={quote(found.after, safe='')}"
    rows = tuple(
        EventRow(
            event=event,
            data=event.data_json.decode(),
            corrects=None if event.takes_back is None else event.takes_back.id,
            taken_back=(event.source, event.id) in found.taken_back,
        )
        for event in found.events
    )
    return LineEventsView(document_url, name, line, rows, next_url)
