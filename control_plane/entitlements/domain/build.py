"""From timelines to a snapshot: every window ahead of time, whatever the hour is now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import chain

from control_plane.catalog.domain import AddonVersion, Feature, PlanVersion
from control_plane.entitlements.domain.burning import Burning
from control_plane.entitlements.domain.carrying import with_balances
from control_plane.entitlements.domain.contributions import bought, granted, overridden
from control_plane.entitlements.domain.grants import (
    Override,
    PeriodUse,
    Reading,
    TenantGrant,
    is_carried,
)
from control_plane.entitlements.domain.windows import Contribution, Level, flatten
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.ids import AddonVersionId, PlanVersionId, TenantId, format_id
from control_plane.sdk.quota import quota_period
from control_plane.sdk.snapshot import (
    FeatureGrant,
    KeyGrant,
    ServiceGrant,
    Snapshot,
    Standing,
    Window,
)
from control_plane.subscriptions.domain import Timeline

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a tenant's snapshot says, gathered in one transaction.

    ``plan_versions`` and ``addon_versions`` hold every version the timelines
    name; ``test_clock_at`` is the tenant's present where it has a test clock, ``now`` is it
    always. ``uses`` and ``readings``, by feature, say what was used where units are granted.
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
    standing: Standing = Standing.ACTIVE
    grants: tuple[TenantGrant, ...] = ()
    overrides: tuple[Override, ...] = ()
    uses: Mapping[str, Mapping[str, PeriodUse]] = field(default_factory=dict)
    readings: Mapping[str, Mapping[datetime, Reading]] = field(default_factory=dict)
    now: datetime = _LONG_AGO


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
        standing=facts.standing,
    )


def build_features(facts: Facts) -> Mapping[str, FeatureGrant]:
    """Return every feature of the catalogue with its windows."""
    given = contributions(facts)
    return {
        code: FeatureGrant(
            kind=feature.kind,
            windows=_windows(feature, given.get(code, ()), facts),
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


def contributions(facts: Facts) -> Mapping[str, Sequence[Contribution]]:
    """Return what gives something of each feature, units that are used up excepted."""
    given: dict[str, list[Contribution]] = {}
    versions = facts.plan_versions, facts.addon_versions
    for code, contribution in chain(
        bought(facts.timelines, *versions, facts.features),
        granted(facts.grants, facts.features),
        overridden(facts.overrides),
    ):
        given.setdefault(code, []).append(contribution)
    return given


def burnings(facts: Facts) -> Mapping[str, Burning]:
    """Return what the balances follow from, of every feature that units are granted of."""
    given = contributions(facts)
    found = {}
    for code in sorted({grant.feature for grant in facts.grants}):
        feature = facts.features.get(code)
        if feature is not None and is_carried(feature):
            base = flatten(given.get(code, ()), feature)
            found[code] = _burning(feature, base, given.get(code, ()), facts)
    return found


def _windows(feature: Feature, given: Sequence[Contribution], facts: Facts) -> tuple[Window, ...]:
    base = flatten(given, feature)
    if not is_carried(feature) or not any(a.feature == feature.code for a in facts.grants):
        return base
    return with_balances(_burning(feature, base, given, facts))


def _burning(
    feature: Feature, base: Sequence[Window], given: Sequence[Contribution], facts: Facts
) -> Burning:
    code, counted = feature.code, FeatureGrant(feature.kind, (), per=feature.per)
    return Burning(
        grants=[grant for grant in facts.grants if grant.feature == code],
        base=base,
        period_of=cache(lambda at: quota_period(counted, facts.zone, at)),
        now=facts.now,
        uses=facts.uses.get(code, {}),
        readings=facts.readings.get(code, {}),
        last_words=[(c.start, c.end) for c in given if c.level is Level.OVERRIDE],
    )


def facts_digest(snapshot: Snapshot) -> str:
    """Hash what the snapshot says, leaving out its number and when it was issued."""
    body = snapshot.body()
    del body["revision"], body["issued_at"]
    return sha256_hex(canonical_json(body))
