import os
import resource
import threading
from datetime import timedelta

import pytest

from control_plane.sdk.call_reporter import CallReporter, Reporters
from control_plane.sdk.call_spool import CallSpool, UsageSpoolFull
from control_plane.sdk.segments import HEADER_BYTES
from tests.unit.sdk.conftest import NOW
from tests.unit.sdk.test_usage_reporter import Meter

SOURCE, TYPE = "/instances/ins_1", "tallyard.stock_query.query_served"


@pytest.fixture
def opened(tmp_path):
    """Open spools on one folder; a second one stands for another process."""
    spools = []

    def open_spool(**options):
        spool = CallSpool(tmp_path / "calls", source=SOURCE, subject="stock_query", **options)
        spools.append(spool)
        return spool

    yield open_spool
    for spool in spools:
        spool.close()


@pytest.fixture
def spool(opened):
    return opened(segment_bytes=HEADER_BYTES + 1024)


@pytest.fixture
def meter():
    return Meter()


def record(spool, *numbers):
    for n in numbers:
        spool.record(TYPE, NOW + timedelta(seconds=n), {"calls": 1, "n": n})


def numbers_of(events):
    return sorted(event["data"]["n"] for event in events)


def files(spool):
    return sorted(path.suffix for path in spool.folder.iterdir())


async def test_a_recorded_call_is_sent_as_a_cloudevent_and_forgotten(spool, meter):
    record(spool, 1)

    assert spool.pending == 1
    assert await CallReporter(spool, meter).flush() == 1

    (event,) = meter.stored.values()
    assert event.pop("id").startswith("seg_")
    assert event == {
        "specversion": "1.0",
        "source": SOURCE,
        "type": TYPE,
        "subject": "stock_query",
        "time": "2026-01-10T02:00:01Z",
        "datacontenttype": "application/json",
        "data": {"calls": 1, "n": 1},
    }
    assert spool.pending == 0


async def test_many_calls_fill_several_files_which_go_once_they_are_acknowledged(spool, meter):
    record(spool, *range(60))
    assert len(spool.holding()) > 3

    assert await CallReporter(spool, meter, batch_size=7).flush() == 60

    assert numbers_of(meter.stored.values()) == list(range(60))
    assert files(spool) == [".calls"]
    spool.close()
    assert files(spool) == []


async def test_sent_again_after_a_lost_answer_a_call_has_the_same_id(spool, meter):
    record(spool, 1, 2)

    async def deaf(batch):
        await meter(batch)
        raise ConnectionError("no answer")

    reporter = CallReporter(spool, deaf)
    assert await reporter.flush() == 0
    assert reporter.last_error == "ConnectionError: no answer"

    assert await CallReporter(spool, meter).flush() == 2
    assert len(meter.stored) == 2


async def test_what_a_dead_process_left_is_sent_by_the_next_one_under_the_same_ids(
    opened, spool, meter
):
    record(spool, *range(30))
    reporter = CallReporter(spool, meter, batch_size=10)
    await reporter._deliver(spool.holding()[0])
    sent = dict(meter.stored)
    spool.close()  # as the kernel does it for a process that was killed

    following = opened()
    record(following, 100)
    assert following.pending == 31 - len(sent)
    await CallReporter(following, meter).flush()

    assert numbers_of(meter.stored.values()) == [*range(30), 100]
    assert len(meter.batches[0]) + sum(len(batch) for batch in meter.batches[1:]) == 31


def test_what_a_living_process_holds_is_left_to_it(opened, spool):
    record(spool, 1)

    assert opened().pending == 0
    assert spool.pending == 1


async def test_after_a_fork_each_side_sends_its_own_calls_under_ids_of_their_own(spool, meter):
    record(spool, 1)
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:  # nothing of the test runs here
        record(spool, 2)
        os.write(writable, str(spool.pending).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writable)

    with os.fdopen(readable, "rb") as answer:
        assert answer.read() == b"1"  # its own; the parent's stays the parent's
    record(spool, 3)
    assert await CallReporter(spool, meter).flush() == 3

    assert numbers_of(meter.stored.values()) == [1, 2, 3]
    assert sum(len(batch) for batch in meter.batches) == 3


def test_a_parents_files_are_free_when_it_is_gone_though_its_child_lives(opened, spool):
    record(spool, 1)
    stay, leave = os.pipe()
    ready, forked = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(leave)
        os.write(forked, b".")
        os.read(stay, 1)
        os._exit(0)
    os.read(ready, 1)
    spool.close()  # the parent's end

    assert opened().pending == 1
    os.close(leave)
    os.waitpid(child, 0)
    for end in (stay, ready, forked):
        os.close(end)


async def test_threads_record_at_once(opened, meter):
    spool = opened()
    threads = [threading.Thread(target=record, args=(spool, *range(k, 4000, 4))) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    await CallReporter(spool, meter).flush()

    assert numbers_of(meter.stored.values()) == list(range(4000))


async def test_a_full_spool_refuses_and_takes_again_once_it_was_sent(opened, meter):
    size = HEADER_BYTES + 512
    spool = opened(segment_bytes=size, limit_bytes=2 * size)
    with pytest.raises(UsageSpoolFull) as refusal:
        record(spool, *range(100))

    assert str(2 * size) in str(refusal.value)
    kept = spool.pending
    assert 0 < kept < 100
    assert await CallReporter(spool, meter).flush() == kept
    record(spool, 100)
    await CallReporter(spool, meter).flush()
    assert numbers_of(meter.stored.values()) == [*range(kept), 100]


def test_a_full_disk_is_met_before_a_record_is_begun(spool):
    record(spool, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (HEADER_BYTES, hard))
    try:
        with pytest.raises(UsageSpoolFull):
            record(spool, *range(2, 100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    kept = spool.pending
    assert kept > 1
    assert files(spool) == [".calls"]
    record(spool, 100)
    assert spool.pending == kept + 1


async def test_a_record_that_was_cut_off_is_not_sent_and_its_file_is_set_aside(
    opened, spool, meter
):
    record(spool, 1, 2)
    segment = spool.holding()[0]
    end = segment.end
    record(spool, 3)
    segment._map[end + 20] ^= 0xFF
    spool.close()

    following = opened()
    await CallReporter(following, meter).flush()

    assert numbers_of(meter.stored.values()) == [1, 2]
    assert files(following) == [".damaged"]


async def test_the_beginnings_of_a_file_are_cleared_away(spool):
    (spool.folder / "seg_x.new").write_bytes(b"")
    (spool.folder / "seg_y.calls").write_bytes(b"")

    assert spool.pending == 0

    assert ".new" not in files(spool)


async def test_what_is_refused_for_good_is_kept_with_the_reason(opened, spool, meter):
    record(spool, 1, 2)
    (first, _) = spool.events(spool.holding()[0], 2)
    meter.refuse = {first[1]["id"]: ("rejected", "unknown_meter")}
    reporter = Reporters([CallReporter(spool, meter)])

    assert await reporter.flush() == 2

    assert (reporter.pending, reporter.dead, reporter.last_error) == (0, 1, None)
    kept = spool.refused_path.read_text()
    assert '"reason":"rejected: unknown_meter"' in kept
    assert '"n":1' in kept
    assert opened().dead == 1


async def test_from_an_event_without_an_answer_on_all_go_again(spool, meter):
    record(spool, 1, 2, 3)
    second = spool.events(spool.holding()[0], 2)[1][1]["id"]
    meter.refuse = {second: ("later", None)}
    reporter = CallReporter(spool, meter)

    assert await reporter.flush() == 1
    assert (reporter.pending, reporter.last_error) == (2, "2 events without an answer")

    meter.refuse = {}
    assert await reporter.flush() == 2
    assert len(meter.stored) == 3


async def test_a_quarantined_call_is_the_control_planes(spool, meter):
    record(spool, 1)
    ((_, event),) = spool.events(spool.holding()[0], 1)
    meter.refuse = {event["id"]: ("quarantined", "unknown_meter")}

    assert await CallReporter(spool, meter).flush() == 1

    assert (spool.pending, spool.dead) == (0, 0)


def test_syncing_reaches_every_file_that_was_filled_meanwhile(spool):
    record(spool, *range(40))
    segments = spool.holding()
    assert len(segments) > 2

    spool.sync()

    assert all(segment.synced == segment.end for segment in segments)
    assert spool._syncing == []


def test_syncing_has_the_next_file_ready(spool):
    spool.sync()
    assert files(spool) == []
    record(spool, 1)
    spool.sync()
    assert files(spool) == [".calls", ".calls"]
    record(spool, *range(2, 20))
    assert spool.pending == 19
