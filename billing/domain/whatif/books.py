"""The documents of a life in memory: invoices, credit notes, and the credit that is left."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, TypeVar
from uuid import UUID

from billing.domain.assembling import (
    Assembled,
    Balance,
    BilledInvoice,
    Coupon,
    Credit,
    CreditedLine,
    NoteAmounts,
    TaxTreatment,
    assemble,
    reduce,
)
from billing.domain.assembling.rated import bounds_of
from billing.domain.assembling.results import Already
from billing.domain.converge import Cut
from billing.domain.documents.body import credit_note_body, invoice_body, note_steps
from billing.domain.documents.heading import Corrected, Heading, Kind, Party
from billing.domain.items import shared_policies
from billing.domain.whatif.living import Moment
from billing.domain.whatif.scenario import id_of
from control_plane.catalog.policies import Policies
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import InvoiceId, TenantId
from control_plane.kernel.money import Money

Held = TypeVar("Held", Credit, Balance)

TENANT = TenantId(id_of("tenant"))
PARTY = Party("Simulation", "simulation")


@dataclass(frozen=True, slots=True)
class Terms:
    """What documents are made under, besides the lines."""

    currency: Currency
    zone: str
    policies: Policies
    treatments: Mapping[str, TaxTreatment]
    coupons: tuple[Coupon, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    heading: Heading
    made: Assembled
    policies: Policies


@dataclass(slots=True)
class Books:
    """Keeps documents in order. Invoices count as paid when issued, so notes become credit.

    ``credits`` are promotional, and shrink as they are used; ``balances`` are what notes carried.
    """

    terms: Terms
    credits: list[Credit]
    balances: list[Balance] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    _invoices: dict[InvoiceId, _Kept] = field(default_factory=dict)
    _credited: dict[InvoiceId, dict[str, CreditedLine]] = field(default_factory=dict)
    _notes: int = 0

    def keep(self, moment: Moment) -> None:
        """Make the documents of a moment: credit notes first, which its invoice may use."""
        by_invoice = sorted(moment.cuts, key=lambda cut: cut.invoice_id)
        for invoice_id, cuts in groupby(by_invoice, key=lambda cut: cut.invoice_id):
            self._note(moment, invoice_id, tuple(cuts))
        if moment.lines:
            self._invoice(moment)

    def _invoice(self, moment: Moment) -> None:
        terms = self.terms
        policies = _policies_on(moment, terms.policies)
        made = assemble(
            moment.lines,
            policies=policies,
            coupons=terms.coupons,
            credits=[credit for credit in self.credits if credit.amount.minor],
            treatments=terms.treatments,
            balances=[balance for balance in self.balances if balance.amount.minor],
            **bounds_of(moment.lines),
        )
        number = f"SIM-{len(self._invoices) + 1:04d}"
        heading = self._heading(Kind.INVOICE, moment, number, policies)
        self._invoices[moment.invoice_id] = _Kept(heading, made, policies)
        self.documents.append(invoice_body(heading, made))
        used = {use.id: use.amount for use in made.used if use.kind == "credit"}
        self.credits = [_less(credit, used) for credit in self.credits]
        applied = {use.id: use.amount for use in made.applied}
        self.balances = [_less(balance, applied) for balance in self.balances]

    def _note(self, moment: Moment, invoice_id: InvoiceId, cuts: tuple[Cut, ...]) -> None:
        kept, already = self._invoices[invoice_id], self._credited.setdefault(invoice_id, {})
        made = _reduced(kept.made, cuts, kept.policies, already)
        self._notes += 1
        heading = replace(
            self._heading(Kind.CREDIT_NOTE, moment, f"SIM-CN-{self._notes:04d}", kept.policies),
            corrects=Corrected(kept.heading.number, kept.heading.dated),
            reason="change",
        )
        keys = {cut.line_key: f"{cut.item_key}#{cut.revision}" for cut in cuts}
        why = note_steps(cuts, moment.settled.rated, moment.before.of)
        self.documents.append(credit_note_body(heading, made, keys, why))
        for line in made.lines:
            known = already.get(line.of.key)
            already[line.of.key] = line.credited if known is None else known.plus(line.credited)
        if made.total.minor:
            number = heading.number
            self.balances.append(Balance(id_of(number), "credit_note", number, made.total))

    def _heading(self, kind: Kind, moment: Moment, number: str, policies: Policies) -> Heading:
        return Heading(
            kind=kind,
            number=number,
            tenant_id=TENANT,
            seller=PARTY,
            buyer=PARTY,
            currency=self.terms.currency,
            zone=self.terms.zone,
            due_at=moment.at,
            part=0,
            payment_term_days=policies.payment_term_days,
        )


def _policies_on(moment: Moment, general: Policies) -> Policies:
    keys = {line.item_key for line in moment.lines}
    held = (rated.item.policies for rated in moment.settled.rated if rated.item.key in keys)
    return shared_policies(general, held)


def _reduced(
    made: Assembled, cuts: tuple[Cut, ...], policies: Policies, already: Already
) -> NoteAmounts:
    amounts: dict[str, Money] = {}
    for cut in cuts:
        known = amounts.get(cut.line_key)
        amounts[cut.line_key] = cut.amount if known is None else known + cut.amount
    invoice = BilledInvoice(made.lines, made.taxes)
    return reduce(invoice, amounts, policies=policies, already=already)


def _less(held: Held, used: Mapping[UUID, Money]) -> Held:
    taken = used.get(held.id)
    return held if taken is None else replace(held, amount=held.amount - taken)
