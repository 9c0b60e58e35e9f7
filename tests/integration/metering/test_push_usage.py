"""What was used goes into the lease accounts, and settles what crashed holders never said."""

import json

import pytest

from control_plane.entitlements.services.take_usage import TakeUsage
from control_plane.entitlements.signer import Signer
from control_plane.sdk.lease_messages import LeaseOp, LeaseOperation
from control_plane.sdk.snapshot import FeatureKind
from metering.domain.cloudevents import parse_events
from metering.jobs import PushDueUsage, RollDueUsage
from metering.services.meter_book import MeterBook
from metering.services.push_usage import PushUsage
from metering.services.query_usage import QueryUsage
from metering.services.roll_usage import RollUsage
from metering.stores.memory import MemoryUsageStore
from tests.support.leasing import Leasing, granted
from tests.support.usage import cloud_event

FEATURES = {
    "lines": granted(FeatureKind.METERED, 100, per="day", meter="outbound_lines"),
    "shipments": granted(FeatureKind.METERED, 100, per="ever", meter="outbound_calls"),
}


@pytest.fixture
async def leasing(work, clock, settings, tenant_id):
    made = Leasing(work, clock, Signer.load(settings.signing_key_path), tenant_id)
    await made.publish(FEATURES)
    return made


@pytest.fixture
def pushing(work, system, store, clock, leasing):
    """The use case over a store."""

    def over(usage_store=store):
        meters = MeterBook(clock)
        return PushUsage(
            work,
            usage_store,
            QueryUsage(work, usage_store, clock, meters),
            meters,
            TakeUsage(work, system, leasing.accounts),
        )

    return over


@pytest.fixture
def used(clock):
    """Events of an instance, one a number of lines."""

    def made(*lines, holder="ins_a"):
        return json.dumps(
            [
                cloud_event(
                    f"{holder}-{n}",
                    source=f"/instances/{holder}",
                    time=clock.now().isoformat(),
                    data={"lines": count},
                )
                for n, count in enumerate(lines)
            ]
        ).encode()

    return made


@pytest.fixture
def account(admin, tenant_id):
    def read(feature):
        return admin.execute(
            "SELECT spent, held, lost, metered FROM lease_accounts "
            "WHERE tenant_id = %s AND feature = %s",
            [tenant_id, feature],
        ).fetchone()

    return read


async def test_every_rolling_pass_pushes_what_was_used(
    ingest, tenant_id, used, system, work, clock, pushing, account, leasing
):
    await ingest(tenant_id, used(30, "12.5"))

    await RollDueUsage(system, RollUsage(work, clock), clock, pushing()).run()

    assert account("lines") == (0, 0, 0, 43)  # a part of a unit counts as one
    assert account("shipments") == (0, 0, 0, 2)
    assert (await leasing.acquire("lines", 100, need=58)).units == 0
    assert (await leasing.acquire("lines", 100, need=57)).units == 57


async def test_usage_in_any_store_is_pushed(
    work, clock, tenant_id, catalogue, used, account, pushing
):
    memory = MemoryUsageStore()
    await memory.ingest(tenant_id, parse_events(used(7, 8)))

    assert await pushing(memory)(tenant_id) == 2

    assert account("lines") == (0, 0, 0, 15)


def recovery(lease, *, fence):
    return LeaseOperation(LeaseOp.RECOVER, feature=lease.feature, period=lease.period, fence=fence)


async def test_what_a_crashed_holder_used_is_settled_by_its_events(
    ingest, tenant_id, used, clock, pushing, account, leasing, system
):
    lease = await leasing.acquire("lines", 40)
    lease = await leasing.renew(lease, spent=10, units=40)
    await ingest(tenant_id, used(10, 9))
    await ingest(tenant_id, used(50, holder="ins_b"))
    clock.advance(seconds=36)
    job = PushDueUsage(system, pushing())

    await leasing.acquire("lines", 1, holder="ins_c")
    assert account("lines")[:3] == (10, 1, 30)
    assert await job.run() == 0  # nobody has said that its events are all there

    [late] = await leasing.ask(recovery(lease, fence=lease.fence - 1), epoch=2)
    [own] = await leasing.ask(recovery(lease, fence=9), epoch=1)
    [recovered] = await leasing.ask(recovery(lease, fence=9), epoch=2)
    clock.advance(seconds=1)
    await job.run()

    assert (late.units, own.units, recovered.units) == (0, 0, 30)
    assert account("lines") == (19, 1, 0, 69)
