"""The updater follows for ever, notices what is dead, and dies in no silence itself."""

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress

import pytest

from control_plane.entitlements.key_file import KeyFile
from control_plane.kernel.clock import SystemClock
from control_plane.sdk import subscriber as subscribers
from control_plane.sdk.client import EntitlementState, SnapshotOutdated
from control_plane.sdk.envelope import generate_key_pair
from control_plane.sdk.keyring import KeyRing
from control_plane.sdk.subscriber import Subscriber
from tests.support.control_stream import TENANT, ControlStandIn, until


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(subscribers, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(subscribers, "_LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(subscribers, "_POLL_SECONDS", 0.02)


@pytest.fixture
def control():
    stand_in = ControlStandIn()
    stand_in.start()
    yield stand_in
    stand_in.stop()


@pytest.fixture
def subscribe(control):
    made = []

    def start(ring=None, **more) -> Subscriber:
        ring = ring or control.ring()
        state = EntitlementState(tenant=TENANT, keys=ring, clock=SystemClock())
        arguments = {"url": control.url, "token": "tys_token", "ring": ring, "beat_seconds": 0.1}
        made.append(Subscriber(state, **(arguments | more)))
        made[-1].start()
        return made[-1]

    yield start
    for one in made:
        one.stop()


def allowed(subscriber, feature="inbound"):
    return subscriber.state.check(feature).allowed


def test_what_is_published_is_decided_by_at_once(control, subscribe):
    one = subscribe()
    until(lambda: one.connected and allowed(one))

    control.publish("outbound")
    until(lambda: not allowed(one))

    assert allowed(one, "outbound")
    assert (control.opened, control.polls) == (1, 0)


def test_those_who_follow_come_back_by_themselves(control, subscribe):
    following = [subscribe() for _ in range(5)]
    until(lambda: all(map(allowed, following)))

    control.stop()
    until(lambda: not any(one.connected for one in following))
    assert all(one.alive() and allowed(one) for one in following)
    control.publish()
    control.start()

    until(lambda: all(one.connected for one in following))
    assert not any(map(allowed, following))


def test_a_connection_that_says_nothing_for_three_beats_is_left(control, subscribe):
    one = subscribe()
    until(lambda: one.connected)

    quiet_since = time.monotonic()
    control.silent = True  # half-open: nothing breaks, nothing comes
    control.publish("outbound")
    until(lambda: not one.connected)
    noticed = time.monotonic() - quiet_since
    until(lambda: allowed(one, "outbound"))

    assert 0.2 < noticed < 2
    assert control.polls, "what streams do not bring is asked for"


def test_where_there_are_no_streams_it_polls(control, subscribe):
    control.streams = False
    one = subscribe()
    until(lambda: allowed(one))

    control.publish()
    until(lambda: not allowed(one))

    assert control.opened == 0
    assert one.alive()


def test_one_that_nobody_lets_in_keeps_trying(control, subscribe):
    one = subscribe(token="tys_other")
    until(lambda: "401" in (one.last_error or ""))

    assert one.alive()
    assert not one.connected
    assert not one.refresh()


def test_a_late_snapshot_does_not_overwrite_a_newer_one(control, subscribe):
    late = control.snapshot()
    one = subscribe()
    control.publish("outbound")
    until(lambda: one.state.revision == 2)

    assert not one._apply(late)
    assert one.state.revision == 2


def test_what_a_forger_sends_is_not_taken_and_following_goes_on(control, subscribe):
    one = subscribe()
    until(lambda: one.connected)
    ours, control.file = control.file, KeyFile((generate_key_pair()[0],))

    control.publish()
    until(lambda: "signature" in (one.last_error or ""))
    assert allowed(one)
    control.change_keys(ours)

    until(lambda: not allowed(one))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_updater_is_seen(control, subscribe):
    def die(changed):
        if changed and one.state.revision > 1:
            sys.exit()

    one = subscribe(on_news=die)
    until(lambda: one.connected)
    assert one.alive()

    control.publish()
    until(lambda: not one.alive())


def test_a_stuck_updater_is_seen(control, subscribe, monkeypatch):
    monkeypatch.setattr(subscribers, "STUCK_SECONDS", 0.2)
    release = threading.Event()

    def block(changed):
        if one.state.revision > 1:
            release.wait(20)

    one = subscribe(on_news=block)
    until(lambda: one.connected)
    control.publish()
    until(lambda: not one.alive())
    release.set()
    until(one.alive)


def test_a_callback_that_fails_stops_nothing(control, subscribe):
    one = subscribe(on_news=lambda changed: 1 // 0)
    until(lambda: "ZeroDivisionError" in (one.last_error or ""))

    control.publish()
    until(lambda: not allowed(one))
    assert one.alive()


def test_stopped_it_follows_no_more(control, subscribe):
    one = subscribe()
    until(lambda: one.connected)
    one.stop()

    assert not one.alive()
    assert [t for t in threading.enumerate() if t.name == "tallyard-subscriber"] == []


def in_child(work) -> dict:
    """Fork as a pre-forking server does, and return what ``work`` found in the child."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        try:
            found = work()
            os.write(writing, json.dumps(found).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        found = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(found)


def test_a_forked_child_follows_by_itself_and_the_parent_goes_on(control, subscribe):
    one = subscribe()
    until(lambda: one.connected)

    def serve():
        before = one.state.revision
        until(lambda: one.connected)
        until(lambda: one.state.revision > before)
        return {"alive": one.alive(), "allowed": allowed(one)}

    publisher = threading.Timer(0.5, control.publish)
    publisher.start()
    found = in_child(serve)

    assert found == {"alive": True, "allowed": False}
    until(lambda: not allowed(one))
    assert one.alive()
    assert control.opened == 2


def test_forked_while_snapshots_come_in_no_child_inherits_a_held_lock(control, subscribe):
    one = subscribe()
    until(lambda: one.connected)
    busy = threading.Event()

    def publish():
        while not busy.is_set():
            control.publish("inbound")
            time.sleep(0.001)

    publisher = threading.Thread(target=publish)
    publisher.start()

    def take():
        state = one.state
        with suppress(SnapshotOutdated):  # the child's own thread may have taken a newer one
            state.apply_snapshot(state.envelopes[0])
        before = state.revision
        until(lambda: state.revision > before)
        return {"took": True}

    try:
        assert [in_child(take) for _ in range(8)] == [{"took": True}] * 8
    finally:
        busy.set()
        publisher.join()


def test_a_child_of_one_who_does_not_follow_does_not_either(control):
    state = EntitlementState(tenant=TENANT, keys=control.ring(), clock=SystemClock())
    idle = Subscriber(state, url=control.url, token="tys_token")

    assert in_child(lambda: {"alive": idle.alive()}) == {"alive": False}


def rotated(file):
    """The file with another key announced, then signing, then alone: three steps."""
    announced = KeyFile((*file.keys, generate_key_pair()[0]), file.rings).told(SystemClock().now())
    moved = KeyFile(tuple(reversed(announced.keys)), announced.rings).told(SystemClock().now())
    return announced, moved, KeyFile(moved.keys[:1], moved.rings).told(SystemClock().now())


def test_keys_rotate_under_a_running_service_without_a_refused_signature(
    control, subscribe, caplog
):
    one = subscribe()
    until(lambda: one.connected)
    errors = []

    for step, file in enumerate(rotated(control.file), start=1):
        control.change_keys(file)
        control.publish("inbound", f"step{step}")
        until(lambda n=step: allowed(one, f"step{n}"))
        errors.append(one.last_error)

    assert errors == [None] * 3
    assert caplog.records == []
    assert (control.opened, dict(one._ring)) == (1, dict(control.file.public_keys))


def test_after_a_key_is_retired_what_is_held_is_signed_by_a_key_that_is_trusted(control, subscribe):
    one = subscribe()
    until(lambda: one.connected)

    for file in rotated(control.file):
        control.change_keys(file)
        until(lambda f=file: one._ring.serial == len(f.rings))

    until(lambda: one.state.envelopes[0].key_id in one._ring)
    assert one.state.revision == 1


def test_one_who_was_away_through_a_whole_rotation_follows_the_chain(control, subscribe):
    early = control.ring()
    *_, last = rotated(control.file)
    *_, last = rotated(last)
    control.change_keys(last)

    one, polling = subscribe(ring=early), subscribe(ring=KeyRing(early))
    until(lambda: allowed(one) and allowed(polling))

    assert dict(one._ring) == dict(last.public_keys)
    assert one._ring.serial == 6


def test_no_answer_however_odd_ends_the_thread(control, subscribe):
    control.streams = False
    control.odd = b"[" * 200_000
    one = subscribe()
    until(lambda: control.polls > 3)
    assert one.alive()

    control.odd = None
    until(lambda: allowed(one))


def test_what_is_done_with_news_does_not_end_the_thread(control, subscribe):
    control.streams = False
    told = []

    def fail(changed: bool) -> None:
        told.append(changed)
        raise RuntimeError("not now")

    one = subscribe(on_news=fail)
    until(lambda: len(told) > 3)

    assert one.alive()


def test_key_rings_that_are_no_list_are_an_answer_that_cannot_be_read(control, subscribe):
    one = subscribe()
    until(lambda: allowed(one))
    body = {"keys": 1, "heartbeat": control.heartbeat().to_json()}
    control.odd = json.dumps(body).encode()

    assert not one.refresh()
