"""From a preview of billing to the page that shows it: before, after, documents, outlook."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from billing.services.subscriptions.preview_change import ChangePreview, Standing
from control_plane.kernel.currency import Currency
from control_plane.kernel.money import Money
from web.i18n import N_, translate
from web.portal.views.life import (
    ComingCard,
    PreviewDocument,
    PreviewLine,
    PreviewTax,
    PreviewView,
    SideCard,
)

_PAUSED = N_("Paused: nothing is granted and no fee is charged.")
_PAUSED_AT_A_FEE = N_("Paused: nothing is granted, and this fee goes on.")
_TRIAL = N_("Free until the trial ends.")


def preview_page(
    preview: ChangePreview,
    language: str,
    *,
    title: str,
    action: str,
    fields: tuple[tuple[str, str], ...],
    back: str,
    hint: str = "",
    danger: bool = False,
    stale: bool = False,
) -> PreviewView:
    """Lay a preview out."""
    quote, projection = preview.quote, preview.projection
    before = None if preview.before is None else _side(preview.before, language)
    after = _side(preview.after, language)
    if projection is not None and before is not None:
        before = _with(before, projection.before.total, projection.before.usage)
        after = _with(after, projection.after.total, projection.after.usage)
    upcoming = preview.upcoming
    return PreviewView(
        title=title,
        action=action,
        fields=fields,
        token=preview.token,
        back=back,
        effective_at=preview.effective_at,
        timing=preview.timing.value,
        invoices=documents(quote.invoices, quote.currency, language),
        credit_notes=documents(quote.notes, quote.currency, language),
        total=quote.total,
        due=quote.due,
        credited=quote.credited,
        carried=quote.carried,
        before=before if _differs(before, after) else None,
        after=after,
        difference=None if projection is None else projection.difference,
        periods=0 if projection is None else len(projection.before.periods),
        coming=None if upcoming is None else ComingCard(upcoming.due_at, upcoming.total),
        hint=hint,
        danger=danger,
        stale=stale,
    )


def documents(
    bodies: tuple[Mapping[str, Any], ...], code: Currency, language: str
) -> tuple[PreviewDocument, ...]:
    """Show the bodies of invoices or credit notes."""
    return tuple(_document(body, code, language) for body in bodies)


def _document(body: Mapping[str, Any], code: Currency, language: str) -> PreviewDocument:
    corrects = body["corrects"]
    applied = sum(entry["amount_minor"] for entry in body.get("applied") or [])
    return PreviewDocument(
        lines=tuple(_line(line, code, language) for line in body["lines"]),
        taxes=tuple(PreviewTax(t["rate"], Money(t["tax_minor"], code)) for t in body["taxes"]),
        discount=Money(body["discount_minor"], code),
        net=Money(body["net_minor"], code),
        total=Money(body["total_minor"], code),
        applied=Money(applied, code),
        due=Money(body.get("due_minor", 0), code),
        corrects=None if corrects is None else corrects["number"],
    )


def _line(line: Mapping[str, Any], code: Currency, language: str) -> PreviewLine:
    return PreviewLine(
        description=line_title(line, language),
        amount=Money(line["amount_minor"], code),
        first_day=date.fromisoformat(line["first_day"]),
        last_day=date.fromisoformat(line["last_day"]),
    )


def line_title(line: Mapping[str, Any], language: str) -> str:
    """Name a line as the invoice does: the item and the charge, once if they are the same."""
    item, name = _words(line["item_name"], language), _words(line["name"], language)
    return item if item == name else f"{item} · {name}"


def _words(name: Mapping[str, str], language: str) -> str:
    return name["zh" if language.lower().startswith("zh") else "en"]


def _side(standing: Standing, language: str) -> SideCard:
    names = {
        charge.quantity: charge.name.in_language(language)
        for price in standing.plan.prices
        for charge in price.charges
        if charge.quantity is not None
    }
    notes = [
        f"{standing.quantities.get(code, 1)} × {name}"  # noqa: RUF001 - so many of it
        for code, name in names.items()
    ]
    if standing.paused:
        notes.append(translate(language, _PAUSED_AT_A_FEE if standing.fee.minor else _PAUSED))
    if standing.trial:
        notes.append(translate(language, _TRIAL))
    return SideCard(
        name=standing.plan.name.in_language(language),
        fee=standing.fee,
        interval=standing.interval.value,
        count=standing.count,
        notes=tuple(notes),
    )


def _with(side: SideCard, expected: Money, usage: Money) -> SideCard:
    return SideCard(
        name=side.name,
        fee=side.fee,
        interval=side.interval,
        count=side.count,
        notes=side.notes,
        expected=expected,
        usage=usage,
    )


def _differs(before: SideCard | None, after: SideCard) -> bool:
    return before is not None and before != after
