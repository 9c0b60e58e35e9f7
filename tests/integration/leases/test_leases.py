"""An instance's way with a lease: taken, renewed, given back, lost, and settled."""

from control_plane.entitlements.jobs import SweepLeases
from control_plane.entitlements.services.audit_leases import AuditLeases
from control_plane.sdk.lease_messages import LeaseOp, LeaseOperation, LeaseStatus
from control_plane.sdk.snapshot import Standing
from tests.support.leasing import quotas

OK, LOST, FENCED = LeaseStatus.OK, LeaseStatus.LOST, LeaseStatus.FENCED


async def test_a_lease_is_spent_renewed_and_closed(leasing, account):
    await leasing.publish(quotas(1000))

    lease = await leasing.acquire("orders", 100)
    assert (lease.status, lease.units, lease.remaining, lease.limit) == (OK, 100, 900, 1000)
    assert lease.expires_in_seconds == 30

    renewed = await leasing.renew(lease, spent=60, units=160)
    assert (renewed.status, renewed.units, renewed.spent) == (OK, 160, 60)
    assert renewed.fence > lease.fence
    smaller = await leasing.renew(renewed, spent=70, units=90)
    assert (smaller.units, smaller.remaining) == (90, 910)

    closed = await leasing.close(smaller, spent=85)
    assert (closed.status, closed.remaining) == (OK, 915)
    assert account("orders") == {
        "limit_units": 1000,
        "granted": 160,
        "spent": 85,
        "held": 0,
        "lost": 0,
        "returned": 75,
        "forgotten": 0,
        "metered": 0,
    }
    assert (await leasing.close(smaller, spent=85)).status is LeaseStatus.CLOSED


async def test_a_repeated_request_is_answered_alike_and_done_once(leasing, clock, account):
    await leasing.publish(quotas(1000))
    period = (await leasing.accounts.terms(leasing.tenant_id, "orders")).period.key
    wanted = LeaseOperation(LeaseOp.ACQUIRE, feature="orders", period=period, units=100)

    [first] = await leasing.ask(wanted, request_id="one")
    clock.advance(seconds=10)
    [again] = await leasing.ask(wanted, request_id="one")

    assert (again.lease, again.fence, again.units) == (first.lease, first.fence, 100)
    assert again.expires_in_seconds == 20
    assert account("orders")["held"] == 100


async def test_a_renewal_with_an_older_fence_changes_nothing(leasing, account):
    await leasing.publish(quotas(1000))
    lease = await leasing.acquire("orders", 100)
    await leasing.renew(lease, spent=50, units=200)
    before = account("orders")

    late = await leasing.renew(lease, spent=10, units=20)

    assert late.status is FENCED
    assert account("orders") == before


async def test_what_a_crashed_holder_did_not_return_counts_as_spent(leasing, clock, account):
    await leasing.publish(quotas(100))
    lease = await leasing.acquire("orders", 40)
    await leasing.renew(lease, spent=10, units=40)

    clock.advance(seconds=34)  # expired, but within the margin
    assert (await leasing.acquire("orders", 1, holder="ins_b")).remaining == 59
    clock.advance(seconds=2)
    refused = await leasing.acquire("orders", 100, need=60, holder="ins_b")

    assert refused.status is LeaseStatus.EXHAUSTED
    assert account("orders") | {"held": 0} == account("orders") | {"held": 0, "spent": 10}
    assert account("orders")["lost"] == 30


async def test_a_lost_lease_is_settled_by_its_holders_own_count(leasing, clock, account):
    await leasing.publish(quotas(100))
    lease = await leasing.acquire("orders", 40)
    clock.advance(seconds=36)

    assert (await leasing.renew(lease, spent=5, units=80)).status is LOST
    closed = await leasing.close(lease, spent=12)

    assert closed.status is OK
    assert (account("orders")["spent"], account("orders")["lost"]) == (12, 0)
    assert closed.remaining == 88


async def test_leases_shrink_to_half_an_equal_share_of_what_is_left(leasing):
    await leasing.publish(quotas(100))

    sizes = [(await leasing.acquire("orders", 100, holder=f"ins_{n}")).units for n in range(4)]

    assert sizes == [50, 12, 6, 4]


async def test_a_need_is_met_whole_or_not_at_all(leasing):
    await leasing.publish(quotas(100))

    whole = await leasing.acquire("orders", 80, need=80)
    none = await leasing.acquire("orders", 80, need=21)

    assert (whole.units, none.units, none.remaining) == (80, 0, 20)


async def test_a_soft_limit_never_refuses(leasing, account):
    await leasing.publish(quotas(100))

    lease = await leasing.acquire("soft", 150)
    closed = await leasing.close(lease, spent=170)

    assert (lease.units, lease.remaining, closed.remaining) == (150, -50, -70)
    assert account("soft")["spent"] == 170


async def test_a_lower_limit_takes_nothing_back_and_grants_nothing_more(leasing, account):
    await leasing.publish(quotas(100))
    lease = await leasing.acquire("orders", 80, need=80)

    await leasing.publish(quotas(50))
    renewed = await leasing.renew(lease, spent=60, units=90)

    assert (renewed.status, renewed.units, renewed.limit) == (LeaseStatus.EXHAUSTED, 80, 50)
    assert renewed.expires_in_seconds == 30
    assert account("orders")["held"] == 20


async def test_a_period_gives_way_to_the_next(leasing, clock, account):
    await leasing.publish(quotas(100))
    lease = await leasing.acquire("orders", 50)
    clock.advance(hours=24)

    late = await leasing.renew(lease, spent=30, units=50)
    old = await leasing.acquire("orders", 5, period=lease.period)
    fresh = await leasing.acquire("orders", 50)

    assert late.status is LOST
    assert (old.status, old.reason) == (LeaseStatus.REFUSED, "wrong_period")
    assert (fresh.units, fresh.remaining) == (50, 50)


async def test_a_bucket_refills_and_never_beyond_its_burst(leasing, clock):
    await leasing.publish(quotas(100))  # 10 a second, burst 100

    lease = await leasing.acquire("calls", 100, need=100)
    assert (await leasing.acquire("calls", 1, holder="ins_b")).units == 0
    clock.advance(seconds=2)
    assert (await leasing.acquire("calls", 50, need=1, holder="ins_b")).remaining == 0
    spent = await leasing.renew(lease, spent=100, units=100)
    clock.advance(seconds=3)
    more = await leasing.renew(spent, spent=100, units=130)

    assert (spent.status, more.units, more.remaining) == (OK, 115, 15)
    clock.advance(hours=1)
    assert (await leasing.acquire("calls", 500, need=100, holder="ins_c")).units == 100


async def test_slots_come_back_when_their_holder_is_gone(leasing, clock, account):
    await leasing.publish(quotas(3))

    lease = await leasing.acquire("jobs", 3, need=3)
    fewer = await leasing.renew(lease, spent=0, units=2)
    other = await leasing.acquire("jobs", 1, holder="ins_b")
    full = await leasing.acquire("jobs", 1, holder="ins_b")
    clock.advance(seconds=36)
    freed = await leasing.acquire("jobs", 3, need=3, holder="ins_c")

    assert (fewer.units, other.units, full.units, freed.units) == (2, 1, 0, 3)
    assert account("jobs")["lost"] == 0


async def test_a_rolling_window_forgets_what_is_older_than_itself(leasing, clock, account):
    await leasing.publish(quotas(100))  # 600 seconds
    first = await leasing.acquire("rolling", 60, need=60)
    await leasing.close(first, spent=60)
    clock.advance(seconds=300)
    second = await leasing.acquire("rolling", 40, need=40)
    await leasing.close(second, spent=40)

    clock.advance(seconds=290)
    assert (await leasing.acquire("rolling", 1)).units == 0
    clock.advance(seconds=20)
    assert (await leasing.acquire("rolling", 60, need=60)).units == 60
    assert account("rolling")["forgotten"] == 60


async def test_a_feature_that_counts_nothing_is_not_leased(leasing):
    await leasing.publish(quotas())

    yes = await leasing.acquire("module", 1, period="ever")
    no = await leasing.acquire("flights", 1, period="ever")

    assert (yes.status, yes.reason) == (LeaseStatus.REFUSED, "not_leased")
    assert no.reason == "unknown_feature"


async def test_a_close_that_says_less_than_was_said_before_gives_nothing_back(leasing, account):
    await leasing.publish(quotas(1000))
    lease = await leasing.acquire("orders", 100)
    renewed = await leasing.renew(lease, spent=50, units=100)

    late = await leasing.close(renewed, spent=10)

    assert late.status is FENCED
    assert (account("orders")["spent"], account("orders")["held"]) == (50, 50)


async def test_a_read_only_tenant_is_leased_nothing_and_may_still_report(leasing, account):
    await leasing.publish(quotas(1000))
    lease = await leasing.acquire("orders", 100)

    await leasing.publish(quotas(1000), Standing.READ_ONLY)
    renewed = await leasing.renew(lease, spent=60, units=200)
    refused = await leasing.acquire("orders", 1)

    assert (renewed.status, renewed.reason, renewed.units) == (
        LeaseStatus.REFUSED,
        "read_only",
        100,
    )
    assert refused.reason == "read_only"
    assert (await leasing.close(renewed, spent=70)).status is OK
    assert account("orders")["spent"] == 70


async def test_the_audit_names_an_account_whose_leases_say_otherwise(leasing, staff, admin):
    await leasing.publish(quotas(1000))
    await leasing.acquire("orders", 100)
    assert await AuditLeases(staff)() == ()

    admin.execute("UPDATE leases SET units = units + 1")

    [wrong] = await AuditLeases(staff)()
    assert (wrong.feature, wrong.wrong) == ("orders", "held")


async def test_a_lease_that_was_spent_to_its_end_is_swept_too(leasing, system, clock, admin):
    """Nothing is held any more; its holder shares in the account until it is known to be gone."""
    await leasing.publish(quotas(100))
    lease = await leasing.acquire("orders", 100, need=100)
    await leasing.renew(lease, spent=100, units=100)
    clock.advance(seconds=36)

    sweep = SweepLeases(leasing.work, system, leasing.accounts)
    assert await sweep.run() == 1

    assert admin.execute("SELECT open_leases FROM lease_accounts").fetchall() == [(0,)]
    assert await sweep.run() == 0
