"""Use case: say why a feature was, is or will be allowed or refused."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from control_plane.catalog.domain import Grant
from control_plane.entitlements.domain.grants import Override, TenantGrant
from control_plane.entitlements.errors import SnapshotNotPublished
from control_plane.entitlements.errors_grants import FeatureNotFound
from control_plane.entitlements.grant_repository import Given, GrantRepository
from control_plane.entitlements.repository import SnapshotRepository
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.decide import NO_SNAPSHOT, Decision, decide
from control_plane.sdk.snapshot import FeatureGrant, Snapshot, Standing, Window, parse_snapshot
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class Source:
    """One thing that made the answer: its kind, such as ``plan``, and what it is called.

    Of grants and overrides also what they gave, why, by whom, and until when.
    """

    kind: str
    name: str
    value: Grant | None = None
    reason: str = ""
    created_by: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer at ``at``, from the snapshot that was the newest then, and what made it.

    ``foreseen`` tells that ``at`` is ahead of the tenant's present: the newest snapshot's answer,
    as far as it is known. ``window`` is the one that holds, None where none does.
    """

    feature: str
    at: datetime
    foreseen: bool
    decision: Decision
    issued_at: datetime | None = None
    standing: Standing = Standing.ACTIVE
    grant: FeatureGrant | None = None
    window: Window | None = None
    sources: tuple[Source, ...] = ()

    @property
    def burst(self) -> Decimal | None:
        """A rate's burst."""
        return None if self.window is None else self.window.burst


@dataclass(frozen=True, slots=True)
class ExplainEntitlement:
    """Reproduce any answer from what is stored: snapshots, grants and overrides never change."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self, tenant_id: TenantId, feature: str, at: datetime | None = None
    ) -> Explanation:
        """Explain the answer at an instant of the tenant's own time: its present unless told.

        Units are not counted: it tells the limit, not what was left of it.

        Raises:
            SnapshotNotPublished: nothing was published for the tenant yet.
            FeatureNotFound: the newest snapshot does not know the feature.
        """
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            moment = now if at is None else at
            stored = await SnapshotRepository(session).at(tenant_id, moment)
            given = await GrantRepository(session).all(tenant_id)
            latest = await SnapshotRepository(session).latest(tenant_id)
        if latest is None:
            raise SnapshotNotPublished
        if feature not in parse_snapshot(latest.envelope.payload).features:
            raise FeatureNotFound(feature=feature[:60], field="feature")
        if stored is None:
            return Explanation(feature, moment, foreseen=False, decision=NO_SNAPSHOT)
        snapshot = parse_snapshot(stored.envelope.payload)
        return explain(snapshot, feature, moment, given, foreseen=moment > now)


def explain(
    snapshot: Snapshot, feature: str, at: datetime, given: Given, *, foreseen: bool
) -> Explanation:
    """Explain one snapshot's answer, with what was given at the time it was made."""
    grant = snapshot.features.get(feature)
    windows = () if grant is None else grant.windows
    holding = (w for w in windows if w.start <= at and (w.end is None or at < w.end))
    window = next(holding, None)
    known_at = snapshot.test_clock_at or snapshot.issued_at
    return Explanation(
        feature=feature,
        at=at,
        foreseen=foreseen,
        decision=decide(snapshot, feature, at, age_seconds=0),
        issued_at=snapshot.issued_at,
        standing=snapshot.standing,
        grant=grant,
        window=window,
        sources=(
            _denying([o for o in given.overrides if o.feature == feature], at, known_at)
            if window is None
            else tuple(_sources(window, given))
        ),
    )


def _sources(window: Window, given: Given) -> Iterator[Source]:
    every: list[TenantGrant | Override] = [*given.grants, *given.overrides]
    by_source = {one.source: one for one in every}
    for text in window.source.split("+"):
        kind, _, name = text.partition(":")
        yield _told(by_source[text]) if text in by_source else Source(kind, name)


def _denying(overrides: Iterable[Override], at: datetime, known_at: datetime) -> tuple[Source, ...]:
    """Return the override that took the feature away: one known when the snapshot was made.

    Two machines' clocks may differ by a little: one made just after is better than none.
    """
    holding = [one for one in overrides if one.starts_at <= at and not _over(one, at, known_at)]
    ranked = ((one.created_at <= known_at, one.created_at, one.id, one) for one in holding)
    last = max(ranked, default=None)
    return () if last is None else (_told(last[-1]),)


def _over(one: Override, at: datetime, known_at: datetime) -> bool:
    ended = one.ended_at is not None and one.ended_at <= min(at, known_at)
    return ended or (one.ends_at is not None and one.ends_at <= at)


def _told(one: TenantGrant | Override) -> Source:
    kind, _, name = one.source.partition(":")
    return Source(kind, name, one.value, one.reason, one.created_by, one.until)
