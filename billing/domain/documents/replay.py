"""Computes a document anew from its manifest (format 2), by the engine that issues them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.domain.assembling import (
    Balance,
    Coupon,
    Credit,
    CreditedLine,
    PrepaidTax,
    Scope,
    TaxTreatment,
    assemble,
    reduce,
)
from billing.domain.assembling.rated import bounds_of
from billing.domain.billed import Billed, MemoryBilledView
from billing.domain.converge import Ask, Cut, Instant, Settled, owing, settle
from billing.domain.documents.body import (
    credit_note_body,
    given_steps,
    invoice_body,
    note_steps,
)
from billing.domain.documents.heading import Heading
from billing.domain.documents.meters import RecordedUsage
from billing.domain.documents.reading import billed_invoice
from billing.domain.items import Item, PolicyBook, open_items
from billing.domain.lines import Versions
from billing.domain.rating import InvoiceLine, Measured
from billing.domain.together import read_members
from control_plane.catalog.domain import Text
from control_plane.catalog.policies import Policies
from control_plane.kernel.calendar import parse_instant
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.ids import InvoiceId, SubscriptionId
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import Timeline

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Replay:
    """What a manifest says was owed: every item that had to be looked at, as it was then."""

    manifest: Manifest
    instant: Instant
    items: tuple[Item, ...]

    @classmethod
    def read(
        cls, manifest: Manifest, timelines: Iterable[Timeline], versions: Versions
    ) -> "Replay":
        """Find the items of a document in timelines that may know more by now."""
        known = timelines_as_known(timelines, manifest)
        policies = PolicyBook(manifest["tenant_policies"])
        instant = Instant(
            at=parse_instant(manifest["at"]),
            after=parse_instant(manifest["after"]),
            cutoff=manifest["cutoff"] or "",
            previous=manifest["previous_cutoff"],
            reach={
                SubscriptionId(UUID(key)): parse_instant(at)
                for key, at in manifest["reach"].items()
            },
        )
        if manifest["progressive"]:
            return cls(manifest, instant, _so_far(known, versions, policies, instant.at))
        return cls(manifest, instant, owing(known, versions, policies, instant))

    @property
    def wanted(self) -> dict[str, Mapping[str, Any]]:
        """What the manifest says of each item of the document, by key, in order."""
        return {said["key"]: said for said in self.manifest["items"]}

    def metered(self, usage: Mapping[str, RecordedUsage]) -> list[tuple[Ask, RecordedUsage]]:
        """Return what has to be measured again, and what was measured then."""
        return [
            (Ask(item, usage[item.key].cutoff, usage[item.key].since), usage[item.key])
            for item in self.items
            if item.usage is not None and item.key in usage
        ]

    def settled(self, measured: Mapping[str, Measured]) -> tuple[Settled, MemoryBilledView]:
        """Return the difference of the document's items, and what stood billed of them.

        Raises:
            LookupError: the timelines no longer yield one of them, or it was not measured.
        """
        wanted = self.wanted
        items = [item for item in self.items if item.key in wanted]
        gone = {said["item"] for said in self.manifest.get("cuts", ())}
        if missing := wanted.keys() - {item.key for item in items} - gone:
            raise LookupError(", ".join(sorted(missing)))
        view = _view(self.manifest, items)
        sums = read_members(self.manifest.get("rounded_together", ()))
        instant = replace(self.instant, reach={})
        return settle(items, view, measured, instant, sums=sums), view

    def lines(self, settled: Settled) -> tuple[InvoiceLine, ...]:
        """Return an invoice's lines in its order."""
        by_key = {line.item_key: line for line in settled.lines}
        return tuple(by_key[key] for key in self.wanted if key in by_key)

    def owed(self, settled: Settled) -> dict[str, int]:
        """Return what each item owes, in minor units; 0 of what is owed no more."""
        owed = {rated.item.key: rated.owed.minor for rated in settled.rated}
        return {key: owed.get(key, 0) for key in self.wanted}


def timelines_as_known(timelines: Iterable[Timeline], manifest: Manifest) -> tuple[Timeline, ...]:
    """Return the timelines with the entries the document knew, and no later ones."""
    through = {SubscriptionId(UUID(key)): seq for key, seq in manifest["timelines"].items()}
    return tuple(
        Timeline(t.subscription_id, t.changes[: through[t.subscription_id]])
        for t in timelines
        if t.subscription_id in through
    )


def replay_invoice(manifest: Manifest, lines: Sequence[InvoiceLine]) -> bytes:
    """Compute an invoice's bytes anew from its lines."""
    heading = _heading(manifest)
    code = heading.currency
    made = assemble(
        lines,
        policies=Policies.from_body(manifest["policies"]),
        coupons=[_coupon(said, code) for said in manifest["coupons"]],
        credits=[_credit(said, code) for said in manifest["credits"]],
        treatments={
            said["category"]: TaxTreatment.from_body(said) for said in manifest["treatments"]
        },
        balances=[_balance(said, code) for said in manifest["balances"]],
        **bounds_of(lines),
    )
    return canonical_json(invoice_body(heading, made))


def replay_note(
    manifest: Manifest, original: Mapping[str, Any], settled: Settled, view: MemoryBilledView
) -> bytes:
    """Compute a credit note's bytes anew from the body of the invoice it corrects."""
    heading = _heading(manifest)
    code = heading.currency
    cuts = recorded_cuts(manifest)
    amounts: dict[str, Money] = {}
    for cut in cuts:
        known = amounts.get(cut.line_key)
        amounts[cut.line_key] = cut.amount if known is None else known + cut.amount
    already = {key: _credited(said, code) for key, said in manifest["already"].items()}
    made = reduce(
        billed_invoice(original, {cut.line_key: cut.item_key for cut in cuts}),
        amounts,
        policies=Policies.from_body(manifest["policies"]),
        already=already,
    )
    keys = {cut.line_key: f"{cut.item_key}#{cut.revision}" for cut in cuts}
    given = heading.reason == "goodwill"
    steps = given_steps(cuts) if given else note_steps(cuts, settled.rated, view.of)
    return canonical_json(credit_note_body(heading, made, keys, steps, already))


def recorded_cuts(manifest: Manifest) -> list[Cut]:
    """Return what a credit note takes back."""
    code = currency(manifest["document"]["currency"])
    invoice = InvoiceId(UUID(manifest["invoice"]))
    return [
        Cut(
            line_key=said["line"],
            invoice_id=invoice,
            item_key=said["item"],
            revision=said["revision"],
            amount=Money(said["amount_minor"], code),
        )
        for said in manifest["cuts"]
    ]


def _so_far(
    timelines: Iterable[Timeline], versions: Versions, policies: PolicyBook, at: datetime
) -> tuple[Item, ...]:
    return tuple(
        item.so_far(at)
        for timeline in timelines
        for item in open_items(timeline, versions, policies, at=at)
    )


def _view(manifest: Manifest, items: Sequence[Item]) -> MemoryBilledView:
    """Return what the manifest says stood billed of each item."""
    by_key = {item.key: item for item in items}
    counted = {
        key: minor for said in manifest["items"] for key, minor in said.get("counted", {}).items()
    }
    found = {}
    code = currency(manifest["document"]["currency"])
    for said in manifest["items"]:
        if said["revision"] > 1:
            amount = Money(said["billed_minor"], code)
            found[said["key"]] = _billed(by_key.get(said["key"]), amount, said["revision"] - 1)
    for item in items:
        for key in item.counts:
            if key in counted:
                found.setdefault(key, _billed(item, Money(counted[key], code), 1))
    return MemoryBilledView(found)


def _billed(item: Item | None, amount: Money, revision: int) -> Billed:
    if item is None:
        return Billed(
            SubscriptionId(UUID(int=0)), datetime.max.replace(tzinfo=UTC), amount, revision
        )
    return Billed(item.subscription_id, item.until, amount, revision)


def _heading(manifest: Manifest) -> Heading:
    return Heading.from_inputs(manifest["document"])


def _coupon(said: Mapping[str, Any], code: Currency) -> Coupon:
    percent, minor = said["percent"], said["amount_minor"]
    return Coupon(
        id=UUID(said["id"]),
        code=said["code"],
        name=Text(**said["name"]),
        percent=None if percent is None else Decimal(percent),
        amount=None if minor is None else Money(minor, code),
        scope=_scope(said["scope"]),
    )


def _credit(said: Mapping[str, Any], code: Currency) -> Credit:
    return Credit(
        id=UUID(said["id"]),
        code=said["code"],
        name=Text(**said["name"]),
        amount=Money(said["amount_minor"], code),
        scope=_scope(said["scope"]),
    )


def _scope(said: Mapping[str, Any]) -> Scope:
    return Scope(plans=tuple(said["plans"]), charges=tuple(said["charges"]))


def _balance(said: Mapping[str, Any], code: Currency) -> Balance:
    return Balance(
        id=UUID(said["id"]),
        kind=said["kind"],
        reference=said["reference"],
        amount=Money(said["amount_minor"], code),
        policy=said["policy"],
        taxes=tuple(
            PrepaidTax(
                category=tax["category"],
                code=tax["code"],
                rate=Decimal(tax["rate"]),
                base=Money(tax["base_minor"], code),
                tax=Money(tax["tax_minor"], code),
            )
            for tax in said["taxes"]
        ),
    )


def _credited(said: Mapping[str, Any], code: Currency) -> CreditedLine:
    return CreditedLine(
        amount=Money(said["amount_minor"], code),
        discounts=tuple(Money(minor, code) for minor in said["discounts"]),
        net=Money(said["net_minor"], code),
        tax=Money(said["tax_minor"], code),
        centres=tuple(
            (centre, Money(minor, code)) for centre, minor in said.get("cost_centres", {}).items()
        ),
    )
