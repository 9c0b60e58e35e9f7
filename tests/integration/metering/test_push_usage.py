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
from metering.services.settle_lost_leases import SettleLostLeases
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
        query = QueryUsage(work, usage_store, clock, meters)
        return PushUsage(query, TakeUsage(work, system, leasing.accounts))

    return over


@pytest.fixture
def settling(work, system, clock, leasing):
    """The use case over a store."""

    def over(usage_store):
        sink = TakeUsage(work, system, leasing.accounts)
        return SettleLostLeases(work, usage_store, MeterBook(clock), sink)

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
    ingest, tenant_id, used, clock, pushing, settling, account, leasing, system, work, store
):
    lease = await leasing.acquire("lines", 40)
    lease = await leasing.renew(lease, spent=10, units=40)
    await ingest(tenant_id, used(10, 9))
    await ingest(tenant_id, used(50, holder="ins_b"))
    clock.advance(seconds=36)
    job = PushDueUsage(system, pushing(), settling(store))

    await leasing.acquire("lines", 1, holder="ins_c")
    assert account("lines")[:3] == (10, 1, 30)
    assert await job.run() == 0  # nobody has said that its events are all there

    [late] = await leasing.ask(recovery(lease, fence=lease.fence - 1), epoch=2)
    [own] = await leasing.ask(recovery(lease, fence=9), epoch=1)
    [recovered] = await leasing.ask(recovery(lease, fence=9), epoch=2)
    clock.advance(seconds=1)
    await RollDueUsage(system, RollUsage(work, clock), clock, pushing()).run()
    assert account("lines") == (10, 1, 30, 69)  # what is rolled up settles nothing by itself
    assert await job.run() == 1

    assert (late.units, own.units, recovered.units) == (0, 0, 30)
    assert account("lines") == (19, 1, 0, 69)
    assert await job.run() == 0  # settled once


class CountedReads(MemoryUsageStore):
    """Says how often each meter's events were added up by source."""

    def __init__(self):
        super().__init__()
        self.read = []

    async def by_source(self, tenant_id, meter, period, sources):
        self.read.append((meter.code, len(sources)))
        return await super().by_source(tenant_id, meter, period, sources)


async def test_one_reading_of_events_serves_every_holder_that_crashed(
    tenant_id, used, clock, settling, account, leasing, catalogue
):
    memory = CountedReads()
    holders = ["ins_a", "ins_b", "ins_c"]
    leases = []
    for units, holder in zip((3, 2, 1), holders, strict=True):
        leases += [(holder, await leasing.acquire(f, 10, holder=holder)) for f in FEATURES]
        await memory.ingest(tenant_id, parse_events(used(units, holder=holder)))
    clock.advance(seconds=36)
    await leasing.acquire("lines", 1, holder="ins_d")
    await leasing.acquire("shipments", 1, holder="ins_d")
    assert (account("lines")[2], account("shipments")[2]) == (30, 30)
    for holder, lease in leases:
        await leasing.ask(recovery(lease, fence=9), epoch=2, holder=holder)
    clock.advance(seconds=1)

    assert await settling(memory)(tenant_id) == 6

    assert memory.read == [("outbound_calls", 3), ("outbound_lines", 3)]
    assert account("lines")[:3] == (6, 1, 0)
    assert account("shipments")[:3] == (3, 1, 0)


async def test_what_was_lost_of_a_meter_that_does_not_add_up_stays_spent(
    tenant_id, used, clock, settling, account, leasing, catalogue
):
    peak = granted(FeatureKind.METERED, 100, per="day", meter="outbound_peak")
    await leasing.publish({"peak": peak})
    lease = await leasing.acquire("peak", 10)
    memory = CountedReads()
    await memory.ingest(tenant_id, parse_events(used(3)))
    clock.advance(seconds=36)
    await leasing.acquire("peak", 1, holder="ins_c")
    await leasing.ask(recovery(lease, fence=9), epoch=2)
    clock.advance(seconds=1)

    assert await settling(memory)(tenant_id) == 0

    assert memory.read == []
    assert account("peak")[:3] == (0, 1, 10)


async def test_a_lease_renewed_after_its_recovery_is_read_only_after_the_next(
    tenant_id, used, clock, settling, account, leasing, catalogue
):
    memory = CountedReads()
    settle = settling(memory)
    await memory.ingest(tenant_id, parse_events(used(6)))
    lease = await leasing.acquire("lines", 10)
    await leasing.ask(recovery(lease, fence=lease.fence), epoch=2)
    renewed = await leasing.renew(lease, spent=4, units=14)
    assert renewed.fence > lease.fence
    clock.advance(seconds=36)
    await leasing.acquire("lines", 1, holder="ins_c")

    assert account("lines")[2] == 10
    assert (await settle.sink.waiting(), await settle(tenant_id), memory.read) == ([], 0, [])

    await leasing.ask(recovery(lease, fence=renewed.fence), epoch=2)
    clock.advance(seconds=1)
    assert await settle.sink.waiting() == [tenant_id]
    assert await settle(tenant_id) == 1
    assert account("lines")[:3] == (6, 1, 0)
