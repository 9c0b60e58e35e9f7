"""From timelines to a snapshot: every window ahead of time, whatever the hour is now."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from control_plane.catalog.domain import AddonVersion, Feature, Grant, PlanVersion, Rate
from control_plane.entitlements.domain.windows import Contribution, Level, flatten
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.exact import EXACT
from control_plane.kernel.ids import AddonVersionId, PlanVersionId, TenantId, format_id
from control_plane.sdk.snapshot import (
    FeatureGrant,
    KeyGrant,
    ServiceGrant,
    Snapshot,
)
from control_plane.subscriptions.domain import AddonBooking, Segment, Timeline


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a tenant's snapshot says, gathered in one transaction.

    ``plan_versions`` and ``addon_versions`` hold every version the timelines
    name; ``test_clock_at`` is the tenant's present where it has a test clock.
    """

    tenant_id: TenantId
    zone: str
    timelines: tuple[Timeline, ...]
    plan_versions: Mapping[PlanVersionId, PlanVersion]
    addon_versions: Mapping[AddonVersionId, AddonVersion]
    features: Mapping[str, Feature]
    keys: tuple[KeyGrant, ...] = ()
    services: tuple[ServiceGrant, ...] = ()
    test_clock_at: datetime | None = None


def build_snapshot(facts: Facts, *, revision: int, issued_at: datetime) -> Snapshot:
    """Return the snapshot that follows from the facts.

    It lists every feature of the catalogue, without windows where nothing of it
    was bought, and every window ever known: past, running and ahead. So a
    booked season opens, and a cancelled plan ends, without another snapshot.
    """
    return Snapshot(
        tenant=format_id("ten", facts.tenant_id),
        revision=revision,
        issued_at=issued_at,
        zone=facts.zone,
        features=build_features(facts),
        keys=tuple(sorted(facts.keys, key=lambda key: key.id)),
        services=tuple(sorted(facts.services, key=lambda s: (s.instance, s.hash))),
        test_clock_at=facts.test_clock_at,
    )


def build_features(facts: Facts) -> Mapping[str, FeatureGrant]:
    """Return every feature of the catalogue with its windows."""
    given: dict[str, list[Contribution]] = {}
    for code, contribution in _contributions(facts):
        given.setdefault(code, []).append(contribution)
    return {
        code: FeatureGrant(
            kind=feature.kind,
            windows=flatten(given.get(code, ()), feature),
            strict=feature.strict,
            per=feature.per,
            rolling_seconds=feature.rolling_seconds,
            mode=feature.mode,
            meter=feature.meter,
            max_age_seconds=feature.max_age_seconds,
            lease_seconds=feature.lease_seconds,
            access=feature.access,
            on_stale=feature.on_stale,
        )
        for code, feature in facts.features.items()
    }


def facts_digest(snapshot: Snapshot) -> str:
    """Hash what the snapshot says, leaving out its number and when it was issued."""
    body = snapshot.body()
    del body["revision"], body["issued_at"]
    return sha256_hex(canonical_json(body))


def _contributions(facts: Facts) -> Iterator[tuple[str, Contribution]]:
    """Yield what every state grants: in a trial all of the plan, paused nothing."""
    for timeline in facts.timelines:
        segments = [segment for segment in timeline.segments if not segment.paused]
        for segment in segments:
            plan = facts.plan_versions[segment.plan_version_id]
            negotiated = {} if segment.terms is None else segment.terms.entitlements
            for code, grant in {**plan.grants, **negotiated}.items():
                if grant is not False:
                    source = f"plan:{plan.label}"
                    yield code, Contribution(segment.start, segment.end, grant, source)
        for booking in timeline.addon_bookings():
            yield from _booked(booking, segments, facts)


def _booked(
    booking: AddonBooking, segments: Iterable[Segment], facts: Facts
) -> Iterator[tuple[str, Contribution]]:
    """Yield an add-on's grants while a plan with the modules it requires is there."""
    addon, window = facts.addon_versions[booking.addon_version_id], booking.granted
    for segment in segments:
        modules = facts.plan_versions[segment.plan_version_id].modules
        if window is None or not set(addon.requires) <= set(modules):
            continue
        start = max(window.start, segment.start)
        end = window.end if segment.end is None else min(window.end, segment.end)
        for code, grant in addon.grants.items():
            total = _times(grant, booking.quantity)
            yield code, Contribution(start, end, total, f"addon:{addon.label}", Level.ADDON)


def _times(grant: Grant, quantity: int) -> Grant:
    """Multiply what can be counted; a configuration's number is not, but nobody books two."""
    if isinstance(grant, Rate):
        per_second = EXACT.multiply(grant.per_second, quantity)
        return Rate(per_second, EXACT.multiply(grant.burst, quantity))
    return EXACT.multiply(grant, quantity) if isinstance(grant, Decimal) else grant
