import asyncio
import sqlite3

import pytest

from control_plane.kernel.canonical import NotCanonical
from control_plane.sdk.reporter import UsageEventConflict, UsageReporter, UsageSpool, usage_event
from tests.unit.sdk.conftest import NOW

SOURCE = "/instances/ins_1"


def event(n, **data):
    return usage_event(
        source=SOURCE,
        event_id=f"shp_{n}",
        event_type="tallyard.outbound.shipment_posted",
        subject="outbound",
        time=NOW,
        data={"calls": 1, "units": "12.5"} | data,
    )


class Meter:
    """A control plane in miniature: keeps what it is sent, answers by what it knows."""

    def __init__(self):
        self.stored = {}
        self.batches = []
        self.refuse = {}
        self.failures = []

    async def __call__(self, batch):
        self.batches.append(batch)
        await asyncio.sleep(0)  # as any network would, lets others in between
        if self.failures:
            raise self.failures.pop(0)
        return [self._answer(sent) for sent in batch]

    def _answer(self, sent):
        key = sent["source"], sent["id"]
        status, reason = self.refuse.get(sent["id"], (None, None))
        if status is None:
            status = "duplicate" if key in self.stored else "accepted"
            self.stored[key] = sent
        return {"source": key[0], "id": key[1], "status": status, "reason": reason}


@pytest.fixture(params=["", None], ids=["implicit transactions", "explicit transactions"])
def database(tmp_path, request):
    def connect():
        return sqlite3.connect(tmp_path / "module.db", isolation_level=request.param)

    connection = connect()
    connection.execute("PRAGMA journal_mode = WAL")
    UsageSpool.create_table(connection)
    UsageSpool.create_table(connection)
    yield connect
    connection.close()


@pytest.fixture
def module(database):
    connection = database()
    yield connection
    connection.close()


@pytest.fixture
def meter():
    return Meter()


@pytest.fixture
def reporter(database, meter):
    connection = database()
    yield UsageReporter(connection, meter, batch_size=10)
    connection.close()


def append(module, *events):
    module.execute("BEGIN")
    for one in events:
        UsageSpool.append(module, one)
    module.commit()


def test_an_event_is_a_cloudevent_in_structured_form():
    assert event(1) == {
        "specversion": "1.0",
        "source": SOURCE,
        "id": "shp_1",
        "type": "tallyard.outbound.shipment_posted",
        "subject": "outbound",
        "time": "2026-01-10T02:00:00Z",
        "datacontenttype": "application/json",
        "data": {"calls": 1, "units": "12.5"},
    }


def test_an_event_is_gone_with_the_transaction_that_made_it(module):
    module.execute("BEGIN")
    UsageSpool.append(module, event(1))
    assert UsageSpool.depth(module) == 1
    module.rollback()

    assert UsageSpool.depth(module) == 0


def test_an_event_survives_a_restart_once_committed(module, database):
    append(module, event(1))

    again = database()

    assert [spooled.event for spooled in UsageSpool.pending(again, 10)] == [event(1)]
    again.close()


def test_the_same_event_twice_waits_once(module):
    append(module, event(1), event(1))

    assert UsageSpool.depth(module) == 1


def test_another_event_under_a_waiting_id_is_refused(module):
    module.execute("BEGIN")
    UsageSpool.append(module, event(1))
    with pytest.raises(UsageEventConflict):
        UsageSpool.append(module, event(1, calls=2))
    module.rollback()


def test_a_float_never_enters_the_spool(module):
    module.execute("BEGIN")
    with pytest.raises(NotCanonical):
        UsageSpool.append(module, event(1, units=12.5))
    module.rollback()


async def test_everything_is_sent_in_order_and_forgotten(module, meter, reporter):
    append(module, *(event(n) for n in range(25)))

    assert await reporter.flush() == 25

    assert [len(batch) for batch in meter.batches] == [10, 10, 5]
    assert list(meter.stored.values()) == [event(n) for n in range(25)]
    assert (reporter.pending, reporter.dead, reporter.last_error) == (0, 0, None)


async def test_with_nothing_to_send_nothing_is_sent(meter, reporter):
    assert await reporter.flush() == 0
    assert meter.batches == []


async def test_a_failure_keeps_the_events_and_the_next_flush_sends_the_same(
    module, meter, reporter
):
    append(module, event(1), event(2))
    meter.failures = [ConnectionError("refused")]

    assert await reporter.flush() == 0
    assert reporter.pending == 2
    assert reporter.last_error == "ConnectionError: refused"

    assert await reporter.flush() == 2
    assert meter.batches[0] == meter.batches[1]
    assert reporter.last_error is None


async def test_an_answer_that_was_lost_on_the_way_stores_nothing_twice(module, meter, reporter):
    append(module, event(1))
    await meter([event(1)])

    assert await reporter.flush() == 1

    assert len(meter.stored) == 1


async def test_what_is_refused_for_good_moves_aside_with_the_reason(module, meter, reporter):
    append(module, event(1), event(2), event(3))
    meter.refuse = {"shp_1": ("rejected", "unknown_meter"), "shp_2": ("conflict", None)}

    assert await reporter.flush() == 3

    assert (reporter.pending, reporter.dead) == (0, 2)
    assert module.execute("SELECT id, reason FROM usage_dead ORDER BY seq").fetchall() == [
        ("shp_1", "rejected: unknown_meter"),
        ("shp_2", "conflict: None"),
    ]


async def test_results_are_matched_by_identity_not_by_place(module, meter, reporter):
    append(module, event(1), event(2))
    meter.refuse = {"shp_2": ("rejected", "bad")}

    async def backwards(batch):
        return list(reversed(await meter(batch)))

    reporter._send = backwards
    await reporter.flush()

    assert module.execute("SELECT id FROM usage_dead").fetchall() == [("shp_2",)]


async def test_an_event_without_an_answer_stays(module, meter, reporter):
    append(module, event(1), event(2))
    meter.refuse = {"shp_2": ("later", None)}

    assert await reporter.flush() == 1

    assert reporter.pending == 1
    assert reporter.last_error == "1 events without an answer"


@pytest.mark.parametrize("answer", [None, [{}], "nonsense", [None]])
async def test_an_answer_that_makes_no_sense_counts_as_a_failure(module, database, answer):
    append(module, event(1))
    connection = database()

    async def send(batch):
        return answer

    confused = UsageReporter(connection, send)

    assert await confused.flush() == 0
    assert confused.pending == 1
    assert confused.last_error is not None
    connection.close()


async def test_events_not_yet_committed_are_never_sent(module, meter):
    reporter = UsageReporter(module, meter)
    module.execute("BEGIN")
    UsageSpool.append(module, event(1))

    assert await reporter.flush() == 0
    module.rollback()
    assert await reporter.flush() == 0

    assert meter.batches == []


async def test_a_transaction_opened_while_sending_is_not_committed_by_the_reporter(module, meter):
    append(module, event(1))
    module.execute("CREATE TABLE document (n INTEGER)")

    async def send(batch):
        module.execute("BEGIN")
        module.execute("INSERT INTO document VALUES (1)")
        return await meter(batch)

    await UsageReporter(module, send).flush()
    module.rollback()

    assert module.execute("SELECT count(*) FROM document").fetchone() == (0,)
    assert UsageSpool.depth(module) == 1
    assert await UsageReporter(module, meter).flush() == 1
    assert len(meter.stored) == 1


async def test_two_flushes_take_turns(module, meter, reporter):
    append(module, *(event(n) for n in range(20)))

    settled = await asyncio.gather(reporter.flush(), reporter.flush())

    assert sum(settled) == 20
    assert sum(len(batch) for batch in meter.batches) == 20


async def test_settling_is_undone_when_the_database_fails_halfway(module, meter, reporter):
    append(module, event(1), event(2))
    meter.refuse = {"shp_2": ("rejected", "bad")}
    module.execute("DROP TABLE usage_dead")

    with pytest.raises(sqlite3.OperationalError):
        await reporter.flush()

    assert UsageSpool.depth(module) == 2
