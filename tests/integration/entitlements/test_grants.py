"""Grants and overrides reach the snapshot, turn on their own, and any answer is explained."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from control_plane.entitlements.domain.grants import Rollover
from control_plane.entitlements.errors_grants import FeatureNotFound, GrantInvalid, GrantNotFound
from control_plane.entitlements.services.end_grant import EndGrant
from control_plane.entitlements.services.explain_entitlement import ExplainEntitlement
from control_plane.entitlements.services.grant_feature import GrantFeature, Terms
from control_plane.entitlements.services.list_grants import ListGrants
from control_plane.entitlements.services.override_feature import OverrideFeature
from control_plane.entitlements.turn_jobs import TurnGrants
from control_plane.kernel.anchor import Interval
from control_plane.kernel.ids import format_id, new_id
from control_plane.runtime.unit_of_work import SystemWork
from control_plane.sdk.decide import Reason
from control_plane.tenancy.clocks import TenantClock
from tests.support.timelines import started
from web.i18n import told

ORDERS = "outbound.orders_per_day"
DAY = timedelta(days=1)


@pytest.fixture
def grants(work, clock, parts, database):
    tenant_clock = TenantClock(clock)
    return SimpleNamespace(
        grant=GrantFeature(work, tenant_clock),
        override=OverrideFeature(work, tenant_clock),
        end=EndGrant(work, tenant_clock),
        show=ListGrants(work, tenant_clock),
        explain=ExplainEntitlement(work, tenant_clock),
        turn=TurnGrants(SystemWork(database), parts.publish, clock),
    )


@pytest.fixture
async def growth(keep, catalog, clock):
    """A tenant on the growth plan, with 150 orders a day, since yesterday."""
    return await keep(started(catalog.plan("growth").id, -1))


def use(admin, tenant_id, clock, units):
    """Let units be used today, as the lease accounts keep it."""
    admin.execute(
        """
        INSERT INTO lease_accounts (tenant_id, feature, period, kind, hard, period_start,
            period_end, limit_units, ceiling, granted, spent, refilled_at)
        VALUES (%(t)s, %(f)s, 'day:' || (%(now)s AT TIME ZONE 'Asia/Shanghai')::date, 'metered',
            true, date_trunc('day', %(now)s, 'Asia/Shanghai'),
            date_trunc('day', %(now)s, 'Asia/Shanghai') + interval '1 day', 1000, 1000, %(u)s,
            %(u)s, %(now)s)
        """,
        {"t": tenant_id, "f": ORDERS, "now": clock.now(), "u": units},
    )


def windows(snapshot, feature=ORDERS):
    return [
        (w.value, w.source.replace("grant:gra_", "grant ").split(" ")[0])
        for w in snapshot.features[feature].windows
    ]


async def test_a_days_rest_is_carried_over_at_its_turn(
    grants, growth, parts, snapshot, clock, admin, tenant_id
):
    pack = await grants.grant(
        tenant_id=tenant_id, feature=ORDERS, value=Decimal(40), reason="Goodwill", actor="usr_1"
    )
    await parts.publish(tenant_id)
    assert [v for v, _ in windows(await snapshot())] == [150, 190, 150]
    use(admin, tenant_id, clock, 160)

    clock.advance(days=1)
    assert await grants.turn.run() == 1

    found = await snapshot()
    assert [w.value for w in found.features[ORDERS].windows if w.start > clock.now() - DAY] == [
        180,
        150,
    ]
    balance = (await grants.show(tenant_id)).balances[pack.id]
    assert (balance.granted, balance.used, balance.left) == (40, 10, 30)
    assert await grants.turn.run() == 0


async def test_an_override_has_the_last_word_and_ends_with_a_reason(
    grants, growth, parts, snapshot, clock, tenant_id
):
    override = await grants.override(
        tenant_id=tenant_id, feature="outbound", value=False, reason=" Under  review ", actor="s"
    )
    await parts.publish(tenant_id)
    during = clock.now() + timedelta(hours=1)
    clock.advance(hours=2)
    await grants.end(tenant_id=tenant_id, of=override.id, reason="Cleared", actor="s")
    await parts.publish(tenant_id)

    then = await grants.explain(tenant_id, "outbound", during)
    now = await grants.explain(tenant_id, "outbound")

    assert (then.decision.allowed, then.decision.revision) == (False, 1)
    [source] = then.sources
    assert (source.kind, source.name) == ("override", format_id("ovr", override.id))
    assert source.reason == "Under review"
    assert (now.decision.allowed, now.decision.revision) == (True, 2)
    assert [(s.kind, s.name) for s in now.sources] == [("plan", "growth@1")]
    with pytest.raises(GrantNotFound):
        await grants.end(tenant_id=tenant_id, of=override.id, reason="Again", actor="s")


async def test_the_answer_of_any_past_instant_is_explained_from_the_revision_of_then(
    grants, growth, parts, clock, tenant_id
):
    before = clock.now() - timedelta(days=1)
    await parts.publish(tenant_id)
    first = clock.now()
    clock.advance(days=2)
    await grants.override(
        tenant_id=tenant_id, feature=ORDERS, value=Decimal(900), reason="Fair", actor="usr_1"
    )
    await parts.publish(tenant_id)

    unknown = await grants.explain(tenant_id, ORDERS, before)
    past = await grants.explain(tenant_id, ORDERS, first + DAY)
    ahead = await grants.explain(tenant_id, ORDERS, clock.now() + 30 * DAY)

    assert unknown.decision.reason is Reason.NO_SNAPSHOT
    assert (past.decision.limit, past.decision.revision, past.foreseen) == (150, 1, False)
    assert (ahead.decision.limit, ahead.decision.revision, ahead.foreseen) == (900, 2, True)
    with pytest.raises(FeatureNotFound):
        await grants.explain(tenant_id, "outbound.flying", first)


async def test_what_does_not_fit_is_refused(grants, growth, clock, tenant_id):
    async def granting(value=Decimal(1), feature=ORDERS, reason="x", **terms):
        await grants.grant(
            tenant_id=tenant_id,
            feature=feature,
            value=value,
            reason=reason,
            actor="usr_1",
            terms=Terms(**terms),
        )

    with pytest.raises(FeatureNotFound):
        await granting(feature="nothing")
    for wrong in (
        {"value": True},
        {"value": Decimal(0)},
        {"value": Decimal("0.5")},
        {"value": Decimal(10**16)},
        {"reason": "  "},
        {"starts_at": clock.now() - DAY},
        {"expires_at": clock.now()},
        {"priority": 1001},
        {"every": Interval.MONTH, "count": 0},
        {"rollover": Rollover(5, 2)},
        {"feature": "outbound", "value": True, "every": Interval.DAY},
    ):
        with pytest.raises(GrantInvalid) as refused:
            await granting(**wrong)
        what = refused.value.fields["what"]
        assert told("zh", what) != told("en", what) == what
    with pytest.raises(GrantNotFound):
        await grants.end(tenant_id=tenant_id, of=new_id(), reason="x", actor="usr_1")
