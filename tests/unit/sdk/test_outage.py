"""Three days without the control plane: what is denied, and from which moment on."""

from bisect import bisect_right
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from control_plane.sdk.decide import Reason
from control_plane.sdk.lease_book import LeaseBook
from control_plane.sdk.leases import LEASE_SECONDS
from control_plane.sdk.snapshot import FeatureGrant, FeatureKind, Mode, OnStale, Window
from tests.support.fake_leases import FakeLeases
from tests.unit.sdk.conftest import DAY, NOW, heartbeat, make_snapshot

HOUR = 3600.0
DAYS_3 = 72 * HOUR
STEP = 0.5  # as near to an edge as this looks; floats are exact at it


def always(**terms):
    return FeatureGrant(FeatureKind.BOOLEAN, (Window(NOW - DAY, None, "plan"),), **terms)


def counted(**terms):
    window = Window(NOW - DAY, None, "plan", Decimal(1000))
    return FeatureGrant(FeatureKind.METERED, (window,), per="ever", **terms)


FEATURES = {
    "access": always(),
    "for an hour": always(max_age_seconds=3600),
    "strict": always(strict=True),
    "season": replace(
        always(), windows=(Window(NOW + DAY, NOW + timedelta(days=2), "plan+season"),)
    ),
    "counted": counted(),
    "leased for an hour": counted(lease_seconds=3600),
    "leased and trusted": counted(lease_seconds=3600, max_age_seconds=72 * 3600),
    "trusted": counted(max_age_seconds=72 * 3600),
    "stale will do": counted(lease_seconds=3600, on_stale=OnStale.ALLOW),
    "soft": counted(max_age_seconds=72 * 3600, mode=Mode.SOFT),
}
ANSWERS = {
    "access": [(0, Reason.GRANTED), (DAYS_3 + STEP, Reason.STALE)],
    "for an hour": [(0, Reason.GRANTED), (HOUR + STEP, Reason.STALE)],
    "strict": [(0, Reason.GRANTED), (30 + STEP, Reason.STALE)],
    "season": [
        (0, Reason.NOT_STARTED),
        (24 * HOUR, Reason.GRANTED),
        (48 * HOUR, Reason.EXPIRED),
        (DAYS_3 + STEP, Reason.STALE),
    ],
    "counted": [(0, Reason.GRANTED), (30, Reason.NO_LEASE), (30 + STEP, Reason.STALE)],
    "leased for an hour": [(0, Reason.GRANTED), (30 + STEP, Reason.STALE)],
    "leased and trusted": [
        (0, Reason.GRANTED),
        (HOUR, Reason.NO_LEASE),
        (DAYS_3 + STEP, Reason.STALE),
    ],
    "trusted": [(0, Reason.GRANTED), (30, Reason.NO_LEASE), (DAYS_3 + STEP, Reason.STALE)],
    "stale will do": [
        (0, Reason.GRANTED),
        (30 + STEP, Reason.STALE_ALLOWED),
        (HOUR, Reason.NO_LEASE),
    ],
    "soft": [(0, Reason.GRANTED), (DAYS_3 + STEP, Reason.STALE)],
    "unheard of": [(0, Reason.UNKNOWN_FEATURE), (DAYS_3 + STEP, Reason.STALE)],
}
EDGES = {at for answers in ANSWERS.values() for at, _ in answers}
INSTANTS = sorted({max(at + by, 0) for at in EDGES for by in (-STEP, 0, STEP)} | {12 * HOUR})


class Connected:
    """A service's state and leases, and a control plane that answers when it is asked to."""

    def __init__(self, state, signer, clock) -> None:
        self.state, self.signer, self.clock = state, signer, clock
        self.book = LeaseBook("ins_1", clock.monotonic)
        self.leases = FakeLeases(lambda _: 1000, clock.monotonic)
        self.used: Counter[str] = Counter()
        state.attach(self.book)

    def lease(self) -> None:
        request = self.book.begin()
        results = [
            replace(result, expires_in_seconds=self._seconds(operation.feature))
            for operation, result in zip(
                request.operations, self.leases.handle(request), strict=True
            )
        ]
        self.book.finish(request.request_id, tuple(results))

    def check(self, feature: str) -> Reason:
        decision = self.state.check(feature)
        self.used[feature] += decision.allowed
        return decision.reason

    def _seconds(self, feature: str) -> int:
        grant = FEATURES.get(feature)
        return (grant.lease_seconds if grant else None) or LEASE_SECONDS


@pytest.fixture
def service(state, signer, clock):
    service = Connected(state, signer, clock)
    state.apply_snapshot(signer(make_snapshot(features=FEATURES)))
    for feature, grant in FEATURES.items():
        if grant.leased:
            service.used[feature] += state.check(feature, 100).allowed * 100
    service.lease()
    return service


def expected(feature: str, at: float) -> Reason:
    answers = ANSWERS[feature]
    return answers[bisect_right([since for since, _ in answers], at) - 1][1]


def test_each_feature_is_denied_exactly_when_the_guide_says(service, clock):
    passed = 0.0
    for at in INSTANTS:
        clock.advance(seconds=at - passed)
        passed = at
        found = {feature: service.check(feature) for feature in ANSWERS}
        assert found == {feature: expected(feature, at) for feature in ANSWERS}, at
        assert service.state.usable is (at <= DAYS_3)


def test_when_the_control_plane_is_back_everything_goes_on_and_what_was_used_is_told(
    service, signer, clock
):
    clock.advance(seconds=20)
    for feature in ANSWERS:
        service.check(feature)
    clock.advance(seconds=DAYS_3)
    assert {service.check(feature) for feature in ANSWERS} == {Reason.STALE, Reason.NO_LEASE}

    service.state.apply_heartbeat(signer(heartbeat(clock.now())))
    assert service.check("access") is service.check("strict") is Reason.GRANTED
    for feature, grant in FEATURES.items():
        if grant.leased and grant.mode is Mode.HARD:
            assert service.check(feature) is Reason.NO_LEASE
    service.lease()

    leased = [feature for feature, grant in FEATURES.items() if grant.leased]
    assert {service.check(feature) for feature in leased} == {Reason.GRANTED}
    service.lease()
    service.book.retire_all()
    service.lease()
    assert {feature: service.leases.of(feature).spent for feature in leased} == {
        feature: service.used[feature] for feature in leased
    }
