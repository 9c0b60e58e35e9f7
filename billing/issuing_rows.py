"""The rows of lines: what the database keeps of each, besides the frozen body."""

from datetime import datetime
from typing import Any

from billing.domain.converge import Cut
from billing.domain.documents.body import service_days
from billing.drafts import InvoiceDraft, NoteDraft
from billing.invoicing import Convergence
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import new_id
from control_plane.kernel.money import Money


def line_rows(draft: InvoiceDraft, found: Convergence) -> list[dict[str, Any]]:
    """Return the rows of an invoice's lines, in its order."""
    looks = {u.ask.item.key: u.ask for u in found.usage}
    rows = []
    for position, billed in enumerate(draft.made.lines, start=1):
        line: Any = billed.source
        ask = looks.get(line.item_key)
        first, last = service_days(line.service, line.zone)
        rows.append(
            {
                **_row(line, position, line.due_at),
                "item": line.item,
                "first_day": first.isoformat(),
                "last_day": last.isoformat(),
                "line_key": billed.key,
                "revision": line.revision,
                "amount_minor": billed.amount.minor,
                "discount_minor": billed.discount.minor,
                "net_minor": billed.net.minor,
                "tax_minor": billed.tax.minor,
                "tax_category": billed.tax_category,
                "tax_rate": quantity_text(billed.tax_rate),
                "tax_inclusive": billed.tax_inclusive,
                "version_id": str(line.version_id),
                "cutoff": None if ask is None else ask.cutoff,
                "since": None if ask is None else ask.since,
            }
        )
    return rows


def note_rows(draft: NoteDraft, found: Convergence) -> list[dict[str, Any]]:
    """Return the rows of a credit note's lines, in its order."""
    looks = {u.ask.item.key: u.ask for u in found.usage}
    cuts: dict[str, Cut] = {cut.line_key: cut for cut in draft.cuts}
    rows = []
    for position, taken in enumerate(draft.made.lines, start=1):
        line: Any = taken.of.source
        cut = cuts[taken.of.key]
        ask = looks.get(cut.item_key)
        discount = Money.total((d.amount for d in taken.discounts), taken.amount.currency)
        rows.append(
            {
                **_row(line, position, draft.heading.due_at),
                "line_key": f"{cut.item_key}#{cut.revision}",
                "item_key": cut.item_key,
                "revision": cut.revision,
                "amount_minor": taken.amount.minor,
                "discount_minor": discount.minor,
                "net_minor": taken.net.minor,
                "tax_minor": taken.tax.minor,
                "tax_category": taken.of.tax_category,
                "tax_rate": quantity_text(taken.of.tax_rate),
                "cutoff": None if ask is None else ask.cutoff,
                "since": None if ask is None else ask.since,
                "corrects": taken.of.key,
            }
        )
    return rows


def _row(line: Any, position: int, due_at: datetime) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "position": position,
        "item_key": line.item_key,
        "kind": str(line.kind),
        "subscription_id": str(line.subscription_id),
        "charge_code": line.charge_code,
        "due_at": instant_text(due_at),
        "service_start": instant_text(line.service.start),
        "service_end": instant_text(line.service.end),
    }
