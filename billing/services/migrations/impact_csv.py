"""A migration's preview as CSV: one subscription a row, amounts as decimal texts."""

import csv
import io

from billing.services.migrations.preview_migration import MigrationPreview
from control_plane.kernel.ids import format_id
from control_plane.kernel.money import Money

_COLUMNS = (
    "tenant",
    "customer",
    "subscription",
    "from",
    "to",
    "currency",
    "before",
    "after",
    "difference",
    "effective_at",
    "reason",
)


def impact_csv(found: MigrationPreview) -> str:
    """Return the sheet after RFC 4180; names that look like formulas are quoted with a ``'``."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for impact in found.impacts:
        writer.writerow(
            [
                format_id("ten", impact.tenant_id),
                _safe(impact.customer),
                format_id("sub", impact.subscription_id),
                impact.from_label,
                found.to_label,
                "" if impact.before is None else impact.before.currency.code,
                _text(impact.before),
                _text(impact.after),
                _text(impact.difference),
                "" if impact.effective_at is None else impact.effective_at.isoformat(),
                impact.reason or "",
            ]
        )
    return sheet.getvalue()


def _text(amount: Money | None) -> str:
    return "" if amount is None else amount.decimal_text()


def _safe(text: str) -> str:
    """Keep a spreadsheet from taking a name for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
