"""What each source gives at one time, and which of them makes a feature's value."""

from dataclasses import replace
from decimal import Decimal

from control_plane.catalog.domain import Feature, FeatureKind, Rate, Text, ValueType
from control_plane.entitlements.domain.build import Facts, build_snapshot
from control_plane.entitlements.domain.grants import Override, TenantGrant
from control_plane.entitlements.domain.windows import Contribution, Level, flatten
from control_plane.kernel.calendar import Anchor, Interval
from control_plane.kernel.ids import ChangeId, SubscriptionId, TenantId, new_id
from control_plane.subscriptions.domain import SetTerms, Start, Terms, new_timeline
from tests.support.timelines import SHANGHAI, at, started, then
from tests.unit.entitlements.test_build_snapshot import CATALOG, GROWTH, ORDERS

NAME = Text("N", "名")


def feature(kind, **more):
    return Feature("f", kind, "outbound", NAME, **more)


def given(value, level=Level.PLAN, order=0, start=0, end=10):
    source = f"{level.name.lower()}:{value}"
    return Contribution(at(start), at(end), value, source, level, order)


def value(of, *contributions):
    [window] = flatten(contributions, of)
    return window.value, window.burst, window.source


def test_of_a_configurations_values_the_highest_level_and_then_the_greatest_holds():
    number = feature(FeatureKind.CONFIGURATION, type=ValueType.INTEGER)
    choice = feature(
        FeatureKind.CONFIGURATION, type=ValueType.CHOICE, choices=("basic", "plus", "max")
    )

    assert value(number, given(Decimal(9)), given(Decimal(3), Level.ADDON))[0] == 3
    assert value(number, given(Decimal(9)), given(Decimal(3)))[0] == 9
    assert value(choice, given("plus"), given("basic"), given("max"))[0] == "max"
    grants = given("basic", Level.GRANT, -100), given("plus", Level.GRANT, -1)
    assert value(choice, given("max"), *grants) == ("plus", None, "grant:plus")


def test_rates_add_up_with_their_bursts():
    rates = (given(Rate(Decimal(n), Decimal(5))) for n in (2, 3))

    assert value(feature(FeatureKind.RATE), *rates)[:2] == (5, 10)


def test_of_two_overrides_the_one_made_last_is_the_last_word():
    seats = feature(FeatureKind.SEATS)
    first, second = given(Decimal(3), Level.OVERRIDE, 0), given(Decimal(1), Level.OVERRIDE, 1)

    assert value(seats, given(Decimal(50)), first, second) == (1, None, "override:1")
    taken = given(False, Level.OVERRIDE, 2, start=4, end=6)
    assert [(w.start, w.end) for w in flatten([given(Decimal(5)), taken], seats)] == [
        (at(0), at(4)),
        (at(6), at(10)),
    ]


def snapshot_of(timeline, **more):
    facts = Facts(
        tenant_id=TenantId(new_id()),
        zone=SHANGHAI,
        timelines=(timeline,),
        plan_versions={GROWTH.id: GROWTH},
        addon_versions={},
        features=CATALOG.features,
        now=at(1),
        **more,
    )
    return build_snapshot(facts, revision=1, issued_at=at(1))


def windows(snapshot, code=ORDERS):
    return [(w.start, w.value, w.source.split("_")[0]) for w in snapshot.features[code].windows]


def test_a_trial_is_named_and_ends_where_the_plan_begins():
    start = Start(
        GROWTH.id, "CNY", Interval.MONTH, Anchor(at(0), SHANGHAI, Interval.MONTH), trial_end=at(14)
    )
    timeline = new_timeline(
        SubscriptionId(new_id()), ChangeId(new_id()), start, effective_at=at(0), known_at=at(0)
    )

    assert windows(snapshot_of(timeline), "outbound") == [
        (at(0), None, "trial:growth@1"),
        (at(14), None, "plan:growth@1"),
    ]


def test_negotiated_terms_are_named_and_leave_the_rest_to_the_plan():
    timeline = then(started(GROWTH.id), SetTerms(Terms(entitlements={ORDERS: Decimal(700)})), 5)
    found = snapshot_of(timeline)

    assert windows(found) == [(at(0), 150, "plan:growth@1"), (at(5), 700, "terms:growth@1")]
    assert windows(found, "outbound") == [(at(0), None, "plan:growth@1")]


def test_grants_and_overrides_are_windows_of_the_snapshot_ahead_of_time():
    extra = TenantGrant(new_id(), ORDERS, Decimal(30), at(20), at(1), expires_at=at(21))
    override = Override(new_id(), "outbound", False, at(40), at(1), "Closed", ends_at=at(50))
    found = snapshot_of(started(GROWTH.id), grants=(extra,), overrides=(override,))

    assert [w[:2] for w in windows(found) if w[0] >= at(20)][:1] == [(at(20), 180)]
    assert windows(found, "outbound") == [
        (at(0), None, "plan:growth@1"),
        (at(50), None, "plan:growth@1"),
    ]
    yes = replace(extra, feature="outbound", value=True, starts_at=at(45), expires_at=None)
    kept = snapshot_of(started(GROWTH.id), grants=(yes,), overrides=(override,))
    assert windows(kept, "outbound")[-1] == (at(50), None, "plan:growth@1+grant:gra")
