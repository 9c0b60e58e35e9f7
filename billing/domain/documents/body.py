"""An invoice or a credit note as canonical JSON: frozen when it is issued, and never edited.

The body holds everything a reader sees. It says nothing of when the run happened that made it: a
document made three days late has the bytes it would have had on time. Amounts are minor units;
quantities and rates are texts. On credit notes every amount is positive.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Protocol

from billing.domain.assembling import (
    AppliedBalance,
    Assembled,
    BilledLine,
    LineDiscount,
    NoteAmounts,
    Priced,
    TaxGroup,
)
from billing.domain.assembling.results import Already
from billing.domain.billed import Billed
from billing.domain.converge import Cut
from billing.domain.documents.centres import credited_shares, invoiced_shares
from billing.domain.documents.heading import Heading
from billing.domain.rating import Rated, Step
from control_plane.catalog.domain import Text
from control_plane.kernel.calendar import Period, instant_text, local_date
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import format_id
from control_plane.kernel.money import Money


class Printed(Priced, Protocol):
    """What a body says of a line, besides its amounts; `rating.InvoiceLine` has it all."""

    @property
    def item_key(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def item_name(self) -> Text: ...  # noqa: D102
    @property
    def name(self) -> Text: ...  # noqa: D102
    @property
    def service(self) -> Period: ...  # noqa: D102
    @property
    def zone(self) -> str: ...  # noqa: D102
    @property
    def quantity(self) -> Decimal | None: ...  # noqa: D102
    @property
    def unit(self) -> Text | None: ...  # noqa: D102
    @property
    def tags(self) -> Sequence[tuple[str, str]]: ...  # noqa: D102
    @property
    def steps(self) -> Sequence[Mapping[str, Any]]: ...  # noqa: D102


class _Amounts(Protocol):
    """The amounts that a body's line adds to what is printed."""

    @property
    def key(self) -> str: ...
    @property
    def amount(self) -> Money: ...
    @property
    def discounts(self) -> tuple[LineDiscount, ...]: ...
    @property
    def net(self) -> Money: ...
    @property
    def tax(self) -> Money: ...


def invoice_body(heading: Heading, made: Assembled) -> dict[str, Any]:
    """Return what `canonical_json` freezes of an invoice."""
    lines = [{**_line(line.key, line, line), **invoiced_shares(line)} for line in made.lines]
    return {
        **heading.body(),
        "lines": lines,
        **_sums(made),
        "applied": [_applied(applied) for applied in made.applied],
        "due_minor": made.due.minor,
    }


def credit_note_body(
    heading: Heading,
    made: NoteAmounts,
    keys: Mapping[str, str] | None = None,
    steps: Mapping[str, Sequence[Step]] | None = None,
    already: Already | None = None,
) -> dict[str, Any]:
    """Return what `canonical_json` freezes of a credit note; nothing of it is ever due.

    By the keys of the lines it takes back: ``keys`` are the note's own line keys, ``steps`` say why
    each is taken back, ``already`` is what earlier notes took.
    """
    own, why, before = keys or {}, steps or {}, already or {}
    lines = [
        {
            **_line(own.get(line.of.key, line.of.key), line, line.of),
            "steps": [dict(step) for step in why.get(line.of.key, ())],
            "corrects": line.of.key,
            **credited_shares(line, before[line.of.key].shared if line.of.key in before else {}),
        }
        for line in made.lines
    ]
    return {**heading.body(), "lines": lines, **_sums(made), "applied": [], "due_minor": 0}


def note_steps(
    cuts: Iterable[Cut], rated: Iterable[Rated], billed: Callable[[str], Billed | None]
) -> dict[str, tuple[Step, ...]]:
    """Say why lines are taken back, by line key: what the item was billed, and what it owes now.

    What was not rated again was given back out of goodwill, or is owed no more at all.
    """
    by_key = {found.item.key: found for found in rated}
    steps = {}
    for cut in cuts:
        found, before = by_key.get(cut.item_key), billed(cut.item_key)
        owed = Money.zero(cut.amount.currency) if found is None else found.owed
        told: Step = {
            "step": "credited",
            "billed": (owed if before is None else before.amount).decimal_text(),
            "owed": owed.decimal_text(),
            "amount": cut.amount.decimal_text(),
        }
        steps[cut.line_key] = (*(() if found is None else found.steps), told)
    return steps


def given_steps(cuts: Iterable[Cut]) -> dict[str, tuple[Step, ...]]:
    """Say that lines are given back though they are owed, by line key."""
    return {cut.line_key: ({"step": "given", "amount": cut.amount.decimal_text()},) for cut in cuts}


def service_days(service: Period, zone: str) -> tuple[date, date]:
    """Return the first and the last local day of a service; a day belongs to the later state."""
    first = local_date(service.start, zone)
    last = local_date(service.end, zone) - timedelta(days=1)
    return first, max(first, last)


def _line(key: str, amounts: _Amounts, of: BilledLine) -> dict[str, Any]:
    source: Any = of.source
    printed: Printed = source
    first, last = service_days(printed.service, printed.zone)
    return {
        "key": key,
        "item_key": printed.item_key,
        "kind": str(printed.kind),
        "subscription": format_id("sub", printed.subscription_id),
        "item": printed.item,
        "item_name": _text(printed.item_name),
        "charge": printed.charge_code,
        "name": _text(printed.name),
        "start": instant_text(printed.service.start),
        "end": instant_text(printed.service.end),
        "first_day": first.isoformat(),
        "last_day": last.isoformat(),
        "quantity": None if printed.quantity is None else quantity_text(printed.quantity),
        "unit": None if printed.unit is None else _text(printed.unit),
        "amount_minor": amounts.amount.minor,
        "discounts": [_discount(discount) for discount in amounts.discounts],
        "net_minor": amounts.net.minor,
        "tax_minor": amounts.tax.minor,
        "tax_category": of.tax_category,
        "tax_code": of.tax_code,
        "tax_rate": quantity_text(of.tax_rate),
        "tax_inclusive": of.tax_inclusive,
        "tags": dict(printed.tags),
        "steps": [dict(step) for step in printed.steps],
    }


def _sums(made: Assembled | NoteAmounts) -> dict[str, Any]:
    return {
        "taxes": [_tax(group) for group in made.taxes],
        "subtotal_minor": made.subtotal.minor,
        "discount_minor": made.discount.minor,
        "net_minor": made.net.minor,
        "tax_minor": made.tax.minor,
        "total_minor": made.total.minor,
    }


def _discount(discount: LineDiscount) -> dict[str, Any]:
    return {
        "kind": discount.kind,
        "id": None if discount.id is None else str(discount.id),
        "code": discount.code,
        "name": _text(discount.name),
        "amount_minor": discount.amount.minor,
    }


def _tax(group: TaxGroup) -> dict[str, Any]:
    return {
        "category": group.category,
        "code": group.code,
        "rate": quantity_text(group.rate),
        "base_minor": group.base.minor,
        "tax_minor": group.tax.minor,
        "reason": None if group.reason is None else _text(group.reason),
    }


def _applied(applied: AppliedBalance) -> dict[str, Any]:
    return {
        "kind": applied.kind,
        "reference": applied.reference,
        "amount_minor": applied.amount.minor,
        "tax_minor": sum(tax.tax.minor for tax in applied.taxes),
        "policy": applied.policy,
        "taxes": [
            {
                "category": tax.category,
                "code": tax.code,
                "rate": quantity_text(tax.rate),
                "base_minor": tax.base.minor,
                "tax_minor": tax.tax.minor,
            }
            for tax in applied.taxes
        ],
    }


def _text(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}
