"""A snapshot holds every window ahead of time: add-ons, plan changes and ends included."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from control_plane.catalog.source.reader import read_catalog
from control_plane.entitlements.domain.build import Facts, build_snapshot, facts_digest
from control_plane.kernel.calendar import Period
from control_plane.kernel.ids import AddonVersionId, PlanVersionId, TenantId, format_id, new_id
from control_plane.sdk.decide import Reason, decide
from control_plane.sdk.snapshot import KeyGrant, ServiceGrant, Window, parse_snapshot
from control_plane.subscriptions.domain import (
    BookAddon,
    CancelBooking,
    Pause,
    Reactivate,
    Resume,
    SetTerms,
    Terms,
)
from tests.support.catalogue import SMALL
from tests.support.timelines import NOON, at, booked, cancelled, changed, started, then

CATALOG = read_catalog(SMALL)
GROWTH, SCALE, RECEIVING = (
    replace(CATALOG.plan(code), id=PlanVersionId(new_id()), version=1)
    for code in ("growth", "scale", "receiving")
)
PEAK = replace(CATALOG.addon("peak_618"), id=AddonVersionId(new_id()), version=3)
EXTRA = replace(PEAK, id=AddonVersionId(new_id()), code="extra", grants={
    "outbound.orders_per_day": Decimal(50)
})  # fmt: skip
ORDERS = "outbound.orders_per_day"
TENANT = TenantId(new_id())


def snapshot_of(*timelines, revision=7, **more):
    facts = Facts(
        tenant_id=TENANT,
        zone="Asia/Shanghai",
        timelines=timelines,
        plan_versions={p.id: p for p in (GROWTH, SCALE, RECEIVING)},
        addon_versions={a.id: a for a in (PEAK, EXTRA)},
        features=CATALOG.features,
        **more,
    )
    return build_snapshot(facts, revision=revision, issued_at=NOON)


def windows(snapshot, feature=ORDERS):
    return [(w.start, w.end, w.value, w.source) for w in snapshot.features[feature].windows]


def test_a_plan_opens_its_modules_and_limits_from_its_start_without_an_end():
    snapshot = snapshot_of(started(GROWTH.id))

    assert windows(snapshot, "outbound") == [(at(0), None, None, "plan:growth@1")]
    assert windows(snapshot) == [(at(0), None, 150, "plan:growth@1")]
    assert snapshot.features[ORDERS].per == "day"


def test_what_was_not_bought_is_listed_without_windows():
    snapshot = snapshot_of(started(RECEIVING.id))

    assert set(snapshot.features) == set(CATALOG.features)
    assert windows(snapshot, "outbound") == []
    decision = decide(snapshot, "outbound", at(1), age_seconds=0)
    assert decision.reason is Reason.NOT_SUBSCRIBED


def test_an_add_on_booked_ahead_is_in_the_snapshot_long_before_it_opens():
    snapshot = snapshot_of(booked(started(GROWTH.id), PEAK.id, 100, 130, known=1))

    assert windows(snapshot) == [
        (at(0), at(100), 150, "plan:growth@1"),
        (at(100), at(130), 550, "plan:growth@1+addon:peak_618@3"),
        (at(130), None, 150, "plan:growth@1"),
    ]
    assert windows(snapshot, "outbound") == [(at(0), None, None, "plan:growth@1")]


def test_overlapping_add_ons_add_up_only_where_they_overlap():
    timeline = booked(started(GROWTH.id), PEAK.id, 10, 30)
    timeline = booked(timeline, EXTRA.id, 20, 40)

    assert [(start, value) for start, _, value, _ in windows(snapshot_of(timeline))] == [
        (at(0), 150),
        (at(10), 550),
        (at(20), 600),
        (at(30), 200),
        (at(40), 150),
    ]


def test_the_same_add_on_booked_twice_counts_twice():
    timeline = booked(started(GROWTH.id), PEAK.id, 10, 30)
    timeline = booked(timeline, PEAK.id, 10, 30, known=5)

    assert windows(snapshot_of(timeline))[1][2:] == (950, "plan:growth@1+addon:peak_618@3")


def test_a_scheduled_plan_change_is_in_the_snapshot_before_it_happens():
    timeline = changed(started(SCALE.id), GROWTH.id, 31, known=5)

    assert windows(snapshot_of(timeline)) == [
        (at(0), at(31), 200, "plan:scale@1"),
        (at(31), None, 150, "plan:growth@1"),
    ]


def test_a_scheduled_end_closes_the_plan_and_cuts_its_add_ons():
    timeline = booked(started(GROWTH.id), PEAK.id, 20, 60, known=1)
    timeline = cancelled(timeline, 31, known=2)

    assert windows(snapshot_of(timeline)) == [
        (at(0), at(20), 150, "plan:growth@1"),
        (at(20), at(31), 550, "plan:growth@1+addon:peak_618@3"),
    ]
    assert windows(snapshot_of(timeline), "outbound")[0][1] == at(31)


def test_an_add_on_gives_nothing_while_the_plan_lacks_the_module_it_requires():
    timeline = booked(started(GROWTH.id), PEAK.id, 20, 60)
    timeline = changed(timeline, RECEIVING.id, 31, known=21)
    timeline = changed(timeline, SCALE.id, 50, known=22)

    assert windows(snapshot_of(timeline)) == [
        (at(0), at(20), 150, "plan:growth@1"),
        (at(20), at(31), 550, "plan:growth@1+addon:peak_618@3"),
        (at(50), at(60), 600, "plan:scale@1+addon:peak_618@3"),
        (at(60), None, 200, "plan:scale@1"),
    ]


def test_two_subscriptions_share_one_snapshot():
    snapshot = snapshot_of(cancelled(started(RECEIVING.id), 10), started(SCALE.id, day=10, known=1))

    assert windows(snapshot, "inbound") == [
        (at(0), at(10), None, "plan:receiving@1"),
        (at(10), None, None, "plan:scale@1"),
    ]


def test_a_decision_on_the_snapshot_follows_the_windows():
    timeline = cancelled(booked(started(GROWTH.id), PEAK.id, 10, 20, known=1), 31, known=2)
    snapshot = snapshot_of(timeline)

    def limit(day):
        return decide(snapshot, ORDERS, at(day), age_seconds=0).limit

    assert [limit(day) for day in (-1, 0, 9.9, 10, 19.9, 20, 30.9, 31)] == [
        None, 150, 150, 550, 550, 150, 150, None,
    ]  # fmt: skip


def test_the_snapshot_reads_back_from_its_signed_bytes():
    key = KeyGrant(format_id("key", new_id()), "a" * 64, frozenset({"inventory:read"}))
    token = ServiceGrant(format_id("ins", new_id()), "outbound", "b" * 64, frozenset({"x"}))
    snapshot = snapshot_of(
        booked(started(GROWTH.id), PEAK.id, 10, 20), keys=(key,), services=(token,)
    )

    again = parse_snapshot(snapshot.to_bytes(), tenant=format_id("ten", TENANT))

    assert again == snapshot
    assert again.keys == (key,)
    assert again.services == (token,)


def test_equal_facts_have_equal_digests_whatever_their_revision_and_time_of_issue():
    timeline = started(GROWTH.id)
    first = snapshot_of(timeline)
    later = replace(snapshot_of(timeline, revision=8), issued_at=NOON + timedelta(days=3))

    assert facts_digest(first) == facts_digest(later)


@pytest.mark.parametrize(
    "other",
    [
        {"test_clock_at": NOON},
        {"keys": (KeyGrant("key_x", "a" * 64, frozenset()),)},
        {"services": (ServiceGrant("ins_x", "outbound", "a" * 64, frozenset()),)},
    ],
)
def test_other_facts_have_other_digests(other):
    timeline = started(GROWTH.id)

    assert facts_digest(snapshot_of(timeline)) != facts_digest(snapshot_of(timeline, **other))


def test_the_order_in_which_keys_are_read_changes_nothing():
    keys = tuple(KeyGrant(f"key_{n}", f"{n}" * 64, frozenset({"b", "a"})) for n in range(3))

    one = snapshot_of(keys=keys)
    other = snapshot_of(keys=keys[::-1])

    assert one.to_bytes() == other.to_bytes()


def test_a_booking_that_ended_before_the_start_gives_nothing():
    timeline = cancelled(booked(started(GROWTH.id), PEAK.id, 10, 20), 5)

    assert windows(snapshot_of(timeline)) == [(at(0), at(5), 150, "plan:growth@1")]
    assert (
        Window(at(0), at(5), "plan:growth@1", Decimal(150))
        == snapshot_of(timeline).features[ORDERS].windows[0]
    )


def test_a_pause_grants_nothing_not_even_a_booked_window():
    timeline = then(then(started(GROWTH.id), Pause(), 10, known=1), Resume(), 20, known=2)
    snapshot = snapshot_of(booked(timeline, PEAK.id, 5, 30, known=3))

    assert windows(snapshot, "outbound") == [
        (at(0), at(10), None, "plan:growth@1"),
        (at(20), None, None, "plan:growth@1"),
    ]
    assert [(start, end) for start, end, value, _ in windows(snapshot) if value == 550] == [
        (at(5), at(10)),
        (at(20), at(30)),
    ]


def test_a_second_life_is_granted_like_the_first_and_the_gap_is_not():
    timeline = then(cancelled(started(GROWTH.id), 10, known=1), Reactivate(), 20)

    assert windows(snapshot_of(timeline), "outbound") == [
        (at(0), at(10), None, "plan:growth@1"),
        (at(20), None, None, "plan:growth@1"),
    ]


def test_negotiated_entitlements_replace_the_plans_until_their_end():
    terms = Terms(entitlements={ORDERS: Decimal(999), "inbound": False}, end=at(30))
    snapshot = snapshot_of(then(started(GROWTH.id), SetTerms(terms), 10))

    assert [value for _, _, value, _ in windows(snapshot)] == [150, 999, 150]
    assert [(start, end) for start, end, _, _ in windows(snapshot, "inbound")] == [
        (at(0), at(10)),
        (at(30), None),
    ]


def test_an_addon_booked_twice_over_grants_twice_and_ends_where_it_is_given_up():
    timeline = then(started(GROWTH.id), BookAddon(PEAK.id, Period(at(10), at(40)), quantity=2), 1)
    [booking] = timeline.addon_bookings()
    snapshot = snapshot_of(then(timeline, CancelBooking(booking.change_id), 20))

    assert [(start, end, value) for start, end, value, _ in windows(snapshot)] == [
        (at(0), at(10), 150),
        (at(10), at(20), 950),
        (at(20), None, 150),
    ]
