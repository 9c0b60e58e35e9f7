"""Use case: give a tenant units or a value of a feature."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.audit.record import record
from control_plane.catalog.domain import COUNTED, Feature, Grant, fits_feature
from control_plane.catalog.feature_codec import grant_body
from control_plane.catalog.repository import CatalogRepository
from control_plane.entitlements.domain.grants import (
    ALL,
    NOTHING,
    USUAL_PRIORITY,
    Rollover,
    TenantGrant,
    is_carried,
)
from control_plane.entitlements.errors_grants import FeatureNotFound, GrantInvalid
from control_plane.entitlements.grant_repository import GrantRepository
from control_plane.kernel.anchor import Anchor, Interval
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.ids import TenantId, format_id, new_id
from control_plane.kernel.said import Said
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.repository import OrganisationRepository

LEAST_PRIORITY, MOST_PRIORITY = 0, 1_000
MOST_UNITS = 10**15
MOST_COUNT = 1_000
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Terms:
    """How a grant is used: from and until when, in which order, how often, and what rolls over."""

    starts_at: datetime | None = None
    expires_at: datetime | None = None
    priority: int = USUAL_PRIORITY
    every: Interval | None = None
    count: int = 1
    rollover: Rollover | None = None


@dataclass(frozen=True, slots=True)
class GrantFeature:
    """Give units or a value of a feature, for a time or for good.

    Units come at once, or again at every boundary; a recurring grant's rest lapses and any other's
    is carried over, unless ``rollover`` says otherwise.
    """

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        feature: str,
        value: Grant,
        reason: str,
        actor: str,
        terms: Terms | None = None,
    ) -> TenantGrant:
        """Return the grant; it is in the tenant's next snapshot.

        Raises:
            FeatureNotFound: the catalogue has no such feature.
            GrantInvalid: the value does not fit the feature, or another number is out of bounds.
        """
        asked = terms or Terms()
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            known = await feature_of(session, feature)
            require_value(value, known)
            check_window(asked.starts_at, asked.expires_at, now)
            _check(asked, value, known)
            starts_at = asked.starts_at or now
            grant = TenantGrant(
                id=new_id(),
                feature=feature,
                value=value,
                starts_at=starts_at,
                created_at=now,
                reason=tidy(reason),
                created_by=actor,
                expires_at=asked.expires_at,
                priority=asked.priority,
                recurrence=await _recurrence(session, tenant_id, asked, starts_at),
                rollover=asked.rollover or (ALL if asked.every is None else NOTHING),
            )
            await GrantRepository(session).add(tenant_id, grant)
            details = {"feature": feature, "value": grant_body(value), "reason": grant.reason}
            shown = format_id("gra", grant.id)
            await record(session, tenant_id, actor, "feature.granted", "grant", shown, details)
            await enqueue(session, tenant_id, ENTITLEMENTS_CHANGED, {})
        return grant


async def _recurrence(
    session: AsyncSession, tenant_id: TenantId, asked: Terms, starts_at: datetime
) -> Anchor | None:
    if asked.every is None:
        return None
    zone = (await OrganisationRepository(session).get(tenant_id)).zone
    return Anchor(starts_at, zone, asked.every, asked.count)


async def feature_of(session: AsyncSession, code: str) -> Feature:
    """Return a feature of the catalogue on sale, or raise FeatureNotFound."""
    features = await CatalogRepository(session).features()
    if code not in features:
        raise FeatureNotFound(feature=code[:60], field="feature")
    return features[code]


def require_value(value: Grant, feature: Feature) -> None:
    """Refuse a value that is not of the feature's kind, or beyond all bounds."""
    too_much = isinstance(value, Decimal) and value > MOST_UNITS
    too_long = isinstance(value, str) and len(value) > LONGEST_REASON
    if too_much or too_long or not fits_feature(value, feature):
        raise GrantInvalid(
            what=Said("value of a feature"), value=str(grant_body(value))[:60], field="value"
        )


def check_window(starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> None:
    """Refuse to begin in the past, and to end before the beginning."""
    if starts_at is not None and starts_at < now:
        raise GrantInvalid(
            what=Said("start of a grant"), value=instant_text(starts_at), field="starts_at"
        )
    if ends_at is not None and ends_at <= (starts_at or now):
        raise GrantInvalid(
            what=Said("end of a grant"), value=instant_text(ends_at), field="expires_at"
        )


def tidy(reason: str) -> str:
    """Return a reason without needless spaces, or refuse one that says nothing or too much."""
    words = " ".join(reason.split())
    if not 1 <= len(words) <= LONGEST_REASON:
        raise GrantInvalid(what=Said("reason for a grant"), value=f"“{words[:60]}”", field="reason")
    return words


def _check(asked: Terms, value: Grant, feature: Feature) -> None:
    if not LEAST_PRIORITY <= asked.priority <= MOST_PRIORITY:
        raise GrantInvalid(what=Said("priority of a grant"), value=asked.priority, field="priority")
    if feature.kind in COUNTED and not value:
        raise GrantInvalid(what=Said("value of a feature"), value=0, field="value")
    carried = is_carried(feature)
    if asked.every is not None and not (carried and 1 <= asked.count <= MOST_COUNT):
        raise GrantInvalid(
            what=Said("recurrence of a grant"),
            value=f"{asked.count} {asked.every.value}",
            field="every",
        )
    if asked.rollover is not None:
        least, most = asked.rollover.least, asked.rollover.most
        bounded = 0 <= least <= (MOST_UNITS if most is None else min(most, MOST_UNITS))
        if not carried or not bounded:
            said = f"{least}..{'' if most is None else most}"
            raise GrantInvalid(what=Said("rollover of a grant"), value=said, field="rollover")
