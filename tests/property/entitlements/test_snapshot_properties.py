"""For any history, a snapshot decides at every instant as the timeline itself would."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from control_plane.catalog.source.reader import read_catalog
from control_plane.entitlements.domain.build import Facts, build_snapshot, facts_digest
from control_plane.kernel.ids import TenantId, new_id
from control_plane.sdk.decide import decide
from control_plane.sdk.snapshot import parse_snapshot
from control_plane.subscriptions.domain import Timeline
from tests.support.catalogue import SMALL
from tests.support.histories import ADDON, DAYS, PLANS, history, steps
from tests.support.timelines import NOON, at

CATALOG = read_catalog(SMALL)
CODES = ["growth", "scale", "receiving", "growth"]
VERSIONS = {
    key: replace(CATALOG.plan(code), id=key, version=n)
    for n, (key, code) in enumerate(zip(PLANS, CODES, strict=True), start=1)
}
ADDONS = {ADDON: replace(CATALOG.addon("peak_618"), id=ADDON, version=1)}
ORDERS = "outbound.orders_per_day"
TENANT = TenantId(new_id())


def snapshot_of(*timelines: Timeline):
    facts = Facts(TENANT, "Asia/Shanghai", timelines, VERSIONS, ADDONS, CATALOG.features)
    return build_snapshot(facts, revision=1, issued_at=NOON)


def expected_limit(timeline: Timeline, day: float) -> Decimal | None:
    """The rule, straight from the timeline: the plan's limit and each running add-on's."""
    plan = timeline.plan_at(at(day))
    if plan is None or "outbound" not in VERSIONS[plan].modules:
        return None
    running = sum(b.window.contains(at(day)) for b in timeline.addon_bookings())
    return VERSIONS[plan].entitlements[ORDERS] + running * ADDONS[ADDON].grants[ORDERS]


@given(steps, st.integers(-5, 200))
def test_the_limit_is_what_the_timeline_says_at_every_instant(drawn, day):
    timeline = history(drawn)

    decision = decide(snapshot_of(timeline), ORDERS, at(day), age_seconds=0)

    assert decision.limit == expected_limit(timeline, day)
    assert decision.allowed == (decision.limit is not None)


@given(steps, st.integers(-5, 200))
def test_a_module_is_open_exactly_while_a_plan_holds_it(drawn, day):
    timeline = history(drawn)
    plan = timeline.plan_at(at(day))

    for module in ("inbound", "outbound"):
        allowed = decide(snapshot_of(timeline), module, at(day), age_seconds=0).allowed
        assert allowed == (plan is not None and module in VERSIONS[plan].modules)


@given(steps, steps, DAYS)
def test_two_subscriptions_grant_together_what_each_grants(drawn, other, day):
    one, two = history(drawn), history(other)

    limit = decide(snapshot_of(one, two), ORDERS, at(day), age_seconds=0).limit

    parts = [part for part in (expected_limit(one, day), expected_limit(two, day)) if part]
    assert limit == (sum(parts) if parts else None)


@given(steps)
def test_any_snapshot_survives_its_wire_form(drawn):
    snapshot = snapshot_of(history(drawn))

    assert parse_snapshot(snapshot.to_bytes()) == snapshot
    assert facts_digest(parse_snapshot(snapshot.to_bytes())) == facts_digest(snapshot)
