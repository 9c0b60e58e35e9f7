"""What a snapshot says of a feature: kinds, terms, standing, and the format before."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from control_plane.kernel.canonical import canonical_json
from control_plane.sdk.decide import Reason, decide
from control_plane.sdk.snapshot import (
    Access,
    FeatureGrant,
    FeatureKind,
    Mode,
    OnStale,
    SnapshotInvalid,
    Standing,
    Window,
    parse_snapshot,
)
from tests.unit.sdk.conftest import DAY, NOW, make_snapshot


def window(value=None, burst=None):
    return (Window(NOW - DAY, None, "plan:growth@1", value, burst),)


TERMS = {
    "metered": FeatureGrant(
        FeatureKind.METERED,
        window(Decimal(150)),
        rolling_seconds=86_400,
        mode=Mode.SOFT,
        meter="orders",
        max_age_seconds=60,
        lease_seconds=15,
    ),
    "rate": FeatureGrant(FeatureKind.RATE, window(Decimal("0.5"), Decimal(10))),
    "slots": FeatureGrant(FeatureKind.CONCURRENCY, window(Decimal(4))),
    "seats": FeatureGrant(FeatureKind.SEATS, window(Decimal(25))),
    "warmth": FeatureGrant(FeatureKind.CONFIGURATION, window(Decimal("-18.5"))),
    "tier": FeatureGrant(
        FeatureKind.CONFIGURATION, window("gold"), access=Access.READ, on_stale=OnStale.ALLOW
    ),
    "yes": FeatureGrant(FeatureKind.BOOLEAN, window(), strict=True),
}


def terms_snapshot(**changes):
    return make_snapshot(features=TERMS, **changes)


def first_format(snapshot):
    """Write a snapshot as the control plane did before kinds and standings."""
    body = snapshot.body() | {"format": 1}
    del body["standing"]
    for feature in body["features"].values():
        if feature["kind"] == "metered":
            feature["kind"] = "limit"
    return canonical_json(body)


def test_every_term_of_every_kind_survives_its_bytes():
    snapshot = terms_snapshot(standing=Standing.GRACE)

    assert parse_snapshot(snapshot.to_bytes()) == snapshot


def test_terms_at_their_default_are_left_out_of_the_bytes():
    body = json.loads(make_snapshot().to_bytes())

    assert set(body["features"]["outbound.orders_per_day"]) == {"kind", "per", "strict", "windows"}


def test_the_first_format_is_read_as_the_same_snapshot():
    snapshot = make_snapshot()

    assert parse_snapshot(first_format(snapshot)) == snapshot


def test_the_first_format_knows_no_other_kinds():
    with pytest.raises(SnapshotInvalid, match="kind"):
        parse_snapshot(first_format(terms_snapshot()))


@pytest.mark.parametrize(
    ("feature", "terms"),
    [
        ("metered", {"rolling_seconds": 0}),
        ("metered", {"per": "day"}),
        ("metered", {"rolling_seconds": None}),
        ("metered", {"mode": "loose"}),
        ("metered", {"meter": 7}),
        ("metered", {"max_age_seconds": -1}),
        ("metered", {"lease_seconds": "15"}),
        ("tier", {"access": "all"}),
        ("tier", {"on_stale": True}),
        ("rate", {"kind": "configuration", "windows": [{}]}),
    ],
)
def test_a_wrong_term_is_refused(feature, terms):
    body = json.loads(terms_snapshot().to_bytes())
    body["features"][feature].update(terms)

    with pytest.raises(SnapshotInvalid):
        parse_snapshot(canonical_json(body))


@pytest.mark.parametrize("member", ["value", "burst"])
def test_a_rate_without_its_numbers_is_refused(member):
    body = json.loads(terms_snapshot().to_bytes())
    del body["features"]["rate"]["windows"][0][member]

    with pytest.raises(SnapshotInvalid, match=member):
        parse_snapshot(canonical_json(body))


@pytest.mark.parametrize("standing", [None, "rich", 1])
def test_a_wrong_standing_is_refused(standing):
    body = json.loads(make_snapshot().to_bytes())

    with pytest.raises(SnapshotInvalid, match="standing"):
        parse_snapshot(canonical_json(body | {"standing": standing}))


def test_a_decision_brings_the_value_and_a_limit_only_where_units_are_limited():
    values = {code: decide(terms_snapshot(), code, NOW, age_seconds=0) for code in TERMS}

    assert {code: (decision.limit, decision.value) for code, decision in values.items()} == {
        "metered": (150, 150),
        "rate": (Decimal("0.5"), Decimal("0.5")),
        "slots": (4, 4),
        "seats": (25, 25),
        "warmth": (None, Decimal("-18.5")),
        "tier": (None, "gold"),
        "yes": (None, None),
    }


@pytest.mark.parametrize(
    ("feature", "seconds"),
    [("metered", 60), ("rate", 30), ("slots", 30), ("seats", 72 * 3600), ("yes", 30)],
)
def test_how_old_an_answer_may_be_is_declared_by_its_feature(feature, seconds):
    at_most = decide(terms_snapshot(), feature, NOW, age_seconds=seconds)
    older = decide(terms_snapshot(), feature, NOW, age_seconds=seconds + 0.001)

    assert at_most.allowed
    assert (older.allowed, older.reason, older.limit) == (False, Reason.STALE, None)


def test_an_old_answer_stands_only_where_its_feature_says_so():
    old = decide(terms_snapshot(), "tier", NOW, age_seconds=1e9)

    assert (old.allowed, old.reason, old.value) == (True, Reason.STALE_ALLOWED, "gold")
    assert old.age == 1e9


def test_an_old_answer_that_stands_still_refuses_what_was_not_bought():
    tier = replace(TERMS["tier"], windows=())
    snapshot = make_snapshot(features={"tier": tier})

    assert decide(snapshot, "tier", NOW, age_seconds=1e9).reason is Reason.NOT_SUBSCRIBED


@pytest.mark.parametrize(
    ("standing", "reading", "others"),
    [
        (Standing.ACTIVE, Reason.GRANTED, Reason.GRANTED),
        (Standing.GRACE, Reason.GRANTED, Reason.GRANTED),
        (Standing.READ_ONLY, Reason.GRANTED, Reason.READ_ONLY),
        (Standing.SUSPENDED, Reason.GRANTED, Reason.SUSPENDED),
        (Standing.RETAINED, Reason.RETAINED, Reason.RETAINED),
        (Standing.PURGED, Reason.PURGED, Reason.PURGED),
    ],
)
def test_who_does_not_pay_may_read_for_longer_than_write(standing, reading, others):
    snapshot = terms_snapshot(standing=standing)
    reasons = {code: decide(snapshot, code, NOW, age_seconds=0).reason for code in TERMS}

    assert reasons.pop("tier") is reading
    assert set(reasons.values()) == {others}


def test_no_lease_is_spent_by_a_tenant_that_is_read_only_even_for_reading():
    reader = replace(TERMS["slots"], access=Access.READ)
    snapshot = make_snapshot(features={"slots": reader}, standing=Standing.READ_ONLY)

    assert decide(snapshot, "slots", NOW, age_seconds=0).reason is Reason.READ_ONLY


def test_what_was_not_bought_says_so_whatever_the_standing():
    snapshot = make_snapshot(standing=Standing.SUSPENDED)

    assert decide(snapshot, "stocktaking", NOW, age_seconds=0).reason is Reason.NOT_SUBSCRIBED
