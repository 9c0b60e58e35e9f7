"""What each thing that a tenant has contributes to each feature, and when."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from control_plane.catalog.domain import (
    AddonVersion,
    Feature,
    FeatureKind,
    Grant,
    PlanVersion,
    Rate,
)
from control_plane.entitlements.domain.grants import Override, TenantGrant, is_carried
from control_plane.entitlements.domain.windows import Contribution, Level
from control_plane.kernel.exact import EXACT
from control_plane.kernel.ids import AddonVersionId, PlanVersionId
from control_plane.subscriptions.domain import AddonBooking, Segment, Timeline


def bought(
    timelines: Iterable[Timeline],
    plans: Mapping[PlanVersionId, PlanVersion],
    addons: Mapping[AddonVersionId, AddonVersion],
    features: Mapping[str, Feature],
) -> Iterator[tuple[str, Contribution]]:
    """Yield what subscriptions give of each feature: in a trial all of the plan, paused nothing."""
    for timeline in timelines:
        segments = [segment for segment in timeline.segments if not segment.paused]
        for segment in segments:
            yield from _held(segment, plans[segment.plan_version_id])
        for booking in timeline.addon_bookings():
            addon = addons[booking.addon_version_id]
            yield from _booked(booking, addon, segments, plans, features)


def _held(segment: Segment, plan: PlanVersion) -> Iterator[tuple[str, Contribution]]:
    negotiated = {} if segment.terms is None else segment.terms.entitlements
    for code, grant in {**plan.grants, **negotiated}.items():
        if grant is False:
            continue
        source = "trial" if segment.trial else "terms" if code in negotiated else "plan"
        yield code, Contribution(segment.start, segment.end, grant, f"{source}:{plan.label}")


def _booked(
    booking: AddonBooking,
    addon: AddonVersion,
    segments: Iterable[Segment],
    plans: Mapping[PlanVersionId, PlanVersion],
    features: Mapping[str, Feature],
) -> Iterator[tuple[str, Contribution]]:
    """Yield an add-on's grants while a plan with the modules it requires is there."""
    window = booking.granted
    for segment in segments:
        modules = plans[segment.plan_version_id].modules
        if window is None or not set(addon.requires) <= set(modules):
            continue
        start = max(window.start, segment.start)
        end = window.end if segment.end is None else min(window.end, segment.end)
        for code, grant in addon.grants.items():
            total = _times(grant, booking.quantity, features.get(code))
            yield code, Contribution(start, end, total, f"addon:{addon.label}", Level.ADDON)


def _times(grant: Grant, quantity: int, feature: Feature | None) -> Grant:
    """Multiply what adds up; a configuration's value is what it is, however many are booked."""
    if isinstance(grant, Rate):
        per_second = EXACT.multiply(grant.per_second, quantity)
        return Rate(per_second, EXACT.multiply(grant.burst, quantity))
    fixed = feature is not None and feature.kind is FeatureKind.CONFIGURATION
    return EXACT.multiply(grant, quantity) if isinstance(grant, Decimal) and not fixed else grant


def granted(
    grants: Iterable[TenantGrant], features: Mapping[str, Feature]
) -> Iterator[tuple[str, Contribution]]:
    """Yield what grants give while they last; units that are used up are not among them."""
    for grant in grants:
        feature = features.get(grant.feature)
        if feature is not None and not is_carried(feature):
            yield (
                grant.feature,
                Contribution(
                    grant.starts_at,
                    grant.until,
                    grant.value,
                    grant.source,
                    Level.GRANT,
                    order=-grant.priority,
                ),
            )


def overridden(overrides: Iterable[Override]) -> Iterator[tuple[str, Contribution]]:
    """Yield overrides: of those that hold at one time, the one made last is the last word."""
    in_order = sorted(overrides, key=lambda o: (o.created_at, o.id))
    for number, one in enumerate(in_order):
        yield (
            one.feature,
            Contribution(
                one.starts_at, one.until, one.value, one.source, Level.OVERRIDE, order=number
            ),
        )
