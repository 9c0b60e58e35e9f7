"""The manifest: every input of an invoice, so that anyone can compute it again.

Frozen beside the body. Replaying it gives the same bytes as long as the rating version it names is
shipped.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from billing.domain.invoice import PAYMENT_TERM_DAYS, Heading
from billing.domain.lines import DueLine
from billing.domain.rating import RATING_VERSION, Measured
from control_plane.kernel.calendar import instant_text, tzdata_version
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import SubscriptionId

POLICIES: Mapping[str, str | int] = {
    "rounding": "half_away_from_zero",
    "rounding_place": "line",
    "proration_unit": "local_day",
    "proration_denominator": "true_length",
    "short_period": "fees_and_included_by_days",
    "plan_change_timing": "at_once_if_any_rises",
    "plan_change_usage": "closed_at_start_of_local_day",
    "credit_on_plan_change": "unused_days",
    "credit_on_cancellation": "none",
    "late_usage": "current_period",
    "tax": "none",
    "payment_term_days": PAYMENT_TERM_DAYS,
}
"""The conventions in force; each has other settings that a price or tenant may one day choose."""


@dataclass(frozen=True, slots=True)
class UsageInput:
    """What was asked of the usage store for one line, and what it answered."""

    line: DueLine
    measured: Measured
    since: str | None


def manifest(
    heading: Heading,
    lines: Sequence[DueLine],
    usage: Iterable[UsageInput],
    *,
    cutoff: str | None,
    through: Mapping[SubscriptionId, int],
) -> dict[str, object]:
    """Return the manifest of an invoice.

    Args:
        heading: the invoice's heading.
        lines: its lines, before pricing.
        usage: the measurements of its usage lines.
        cutoff: the saved ``pg_snapshot`` the events were read by; None without usage lines.
        through: the last timeline entry (``seq``) known of each subscription.
    """
    return {
        "kind": "manifest",
        "format": 1,
        "rating_version": RATING_VERSION,
        "tzdata": tzdata_version(),
        "policies": dict(POLICIES),
        "number": heading.number,
        "seller": {"name": heading.seller.name, "reference": heading.seller.reference},
        "buyer": {"name": heading.buyer.name, "reference": heading.buyer.reference},
        "currency": heading.currency.code,
        "zone": heading.zone,
        "due_at": instant_text(heading.due_at),
        "part": heading.part,
        "timelines": {str(key): seq for key, seq in sorted(through.items(), key=str)},
        "versions": sorted({str(line.version_id) for line in lines}),
        "lines": [line.key for line in lines],
        "cutoff": cutoff,
        "usage": [_usage(entry) for entry in usage],
    }


def _usage(entry: UsageInput) -> dict[str, object]:
    meter = entry.measured.meter
    return {
        "key": entry.line.key,
        "meter": {
            "code": meter.code,
            "event_type": meter.event_type,
            "aggregation": meter.aggregation.value,
            "property": meter.property,
            "module": meter.module,
            "unit": {"en": meter.unit.en, "zh": meter.unit.zh},
            "name": {"en": meter.name.en, "zh": meter.name.zh},
        },
        "start": instant_text(entry.line.service.start),
        "end": instant_text(entry.line.service.end),
        "since": entry.since,
        "quantity": quantity_text(entry.measured.quantity),
        "events": entry.measured.events,
        "digest": entry.measured.digest,
    }
