"""The manifest: every input of a document, so that anyone can compute it again.

Frozen beside the body. Replaying it gives the same bytes as long as the rating version it names is
shipped. Nothing in it points at anything that may change: timelines are named with the last entry
known, price versions by their ids, the events by a saved ``pg_snapshot`` and their digest.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from billing.domain.assembling import Balance, Coupon, Credit, CreditedLine, PrepaidTax, Scope
from billing.domain.billed import BilledView
from billing.domain.converge import Ask, Cut, Instant
from billing.domain.documents.heading import Heading
from billing.domain.rating import RATING_VERSION, Measured
from billing.domain.together import Members, members_body
from control_plane.catalog.domain import Meter
from control_plane.kernel.calendar import instant_text, tzdata_version
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import SubscriptionId

FORMAT = 2


def manifest(
    heading: Heading,
    instant: Instant,
    *,
    through: Mapping[SubscriptionId, int],
    versions: Iterable[str],
    tenant_policies: Mapping[str, str | int],
    policies: Mapping[str, str | int],
    items: Sequence[Mapping[str, Any]],
    usage: Iterable[tuple[Ask, Measured]],
    progressive: bool,
    sums: Sequence[Members] = (),
) -> dict[str, Any]:
    """Return what a manifest of either kind of document begins with.

    Args:
        heading: the document's heading.
        instant: what converged.
        through: the last timeline entry (``seq``) known of each subscription.
        versions: the plan and add-on versions that were rated.
        tenant_policies: the tenant's own choices.
        policies: every policy in force for the document as a whole.
        items: what `item_inputs` gave, in the order of the lines.
        usage: the measurements that the lines rest on.
        progressive: whether the period was still open.
        sums: what is rounded together with any of the items.
    """
    return {
        "kind": "manifest",
        "format": FORMAT,
        "rating_version": RATING_VERSION,
        "tzdata": tzdata_version(),
        "document": heading.inputs(),
        "number": heading.number,
        "at": instant_text(instant.at),
        "after": instant_text(instant.after),
        "reach": {str(k): instant_text(v) for k, v in sorted(instant.reach.items(), key=str)},
        "cutoff": instant.cutoff or None,
        "previous_cutoff": instant.previous,
        "progressive": progressive,
        "timelines": {str(key): seq for key, seq in sorted(through.items(), key=str)},
        "versions": sorted(versions),
        "tenant_policies": dict(tenant_policies),
        "policies": dict(policies),
        "items": [dict(item) for item in items],
        "usage": [_usage(ask, measured) for ask, measured in usage],
        **({"rounded_together": members_body(sums)} if sums else {}),
    }


def item_inputs(
    key: str,
    revision: int,
    view: BilledView,
    policies: Mapping[str, str | int],
    counted: Mapping[str, int],
) -> dict[str, Any]:
    """Return what the manifest says of one item: what was billed of it before, and by what rules.

    ``policies`` are those in which the item differs from the document's; ``counted`` what the other
    items came to that it counts.
    """
    billed = view.of(key)
    return {
        "key": key,
        "revision": revision,
        "billed_minor": 0 if billed is None else billed.amount.minor,
        "policies": dict(policies),
        "counted": dict(sorted(counted.items())),
    }


def sale_inputs(
    treatments: Iterable[Mapping[str, Any]],
    coupons: Iterable[Coupon],
    credits_: Iterable[Credit],
    balances: Iterable[Balance],
) -> dict[str, Any]:
    """Return what lowered, taxed and settled an invoice."""
    return {
        "treatments": [dict(treatment) for treatment in treatments],
        "coupons": [_coupon(coupon) for coupon in coupons],
        "credits": [_credit(credit) for credit in credits_],
        "balances": [_balance(balance) for balance in balances],
    }


def cut_inputs(
    cuts: Sequence[Cut], already: Mapping[str, CreditedLine], together: Iterable[Cut]
) -> dict[str, Any]:
    """Return what a credit note takes back, and what earlier ones took of the same lines.

    ``together`` are the cuts of all notes of the instant: an item may have lines on many invoices.
    """
    items = {cut.item_key for cut in cuts}
    total: dict[str, int] = {}
    for cut in together:
        if cut.item_key in items:
            total[cut.item_key] = total.get(cut.item_key, 0) + cut.amount.minor
    return {
        "cut_of_items": dict(sorted(total.items())),
        "cuts": [
            {
                "line": cut.line_key,
                "item": cut.item_key,
                "revision": cut.revision,
                "amount_minor": cut.amount.minor,
            }
            for cut in cuts
        ],
        "already": {
            key: {
                "amount_minor": line.amount.minor,
                "discounts": [discount.minor for discount in line.discounts],
                "net_minor": line.net.minor,
                "tax_minor": line.tax.minor,
                **({"cost_centres": line.shared} if line.centres else {}),
            }
            for key, line in sorted(already.items())
        },
    }


def meter_body(meter: Meter) -> dict[str, Any]:
    """Return a meter's definition."""
    return {
        "code": meter.code,
        "event_type": meter.event_type,
        "aggregation": meter.aggregation.value,
        "property": meter.property,
        "amount_property": meter.amount_property,
        "filters": [
            {"property": f.property, "values": list(f.values), "exclude": f.exclude}
            for f in meter.filters
        ],
        "module": meter.module,
        "unit": {"en": meter.unit.en, "zh": meter.unit.zh},
        "name": {"en": meter.name.en, "zh": meter.name.zh},
    }


def _usage(ask: Ask, measured: Measured) -> dict[str, Any]:
    return {
        "key": ask.item.key,
        "meter": meter_body(_counted(ask, measured.meter)),
        "start": instant_text(ask.period.start),
        "end": instant_text(ask.period.end),
        "cutoff": ask.cutoff,
        "since": ask.since,
        "quantity": quantity_text(measured.usage.quantity),
        "events": measured.usage.events,
        "digest": measured.usage.digest,
    }


def _counted(ask: Ask, meter: Meter) -> Meter:
    """Return the meter with the charge's own filters, so that it counts just what was counted."""
    return meter if ask.item.usage is None else meter.narrowed(ask.item.usage.filters)


def _coupon(coupon: Coupon) -> dict[str, Any]:
    return {
        "id": str(coupon.id),
        "code": coupon.code,
        "name": {"en": coupon.name.en, "zh": coupon.name.zh},
        "percent": None if coupon.percent is None else quantity_text(coupon.percent),
        "amount_minor": None if coupon.amount is None else coupon.amount.minor,
        "scope": _scope(coupon.scope),
    }


def _credit(credit: Credit) -> dict[str, Any]:
    return {
        "id": str(credit.id),
        "code": credit.code,
        "name": {"en": credit.name.en, "zh": credit.name.zh},
        "amount_minor": credit.amount.minor,
        "scope": _scope(credit.scope),
    }


def _scope(scope: Scope) -> dict[str, Any]:
    return {"plans": list(scope.plans), "charges": list(scope.charges)}


def _balance(balance: Balance) -> dict[str, Any]:
    return {
        "id": str(balance.id),
        "kind": balance.kind,
        "reference": balance.reference,
        "amount_minor": balance.amount.minor,
        "policy": balance.policy,
        "taxes": [_prepaid(tax) for tax in balance.taxes],
    }


def _prepaid(tax: PrepaidTax) -> dict[str, Any]:
    return {
        "category": tax.category,
        "code": tax.code,
        "rate": quantity_text(tax.rate),
        "base_minor": tax.base.minor,
        "tax_minor": tax.tax.minor,
    }
