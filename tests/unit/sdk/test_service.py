"""A service outside Tallyard: one object follows, leases, admits and meters, outages or not."""

import asyncio
import json
import os
import signal
import threading
import time
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from control_plane.kernel.clock import SystemClock
from control_plane.sdk.admission import EntitlementUnconfirmed, Need, UnitsExhausted
from control_plane.sdk.decide import Reason
from control_plane.sdk.envelope import generate_key_pair, key_id_of, public_keys_text, sign
from control_plane.sdk.lease_messages import (
    LeaseAnswer,
    LeaseOp,
    LeaseResult,
    LeaseStatus,
    parse_lease_request,
)
from control_plane.sdk.quota import EVER
from control_plane.sdk.service import Service
from control_plane.sdk.snapshot import FeatureGrant, FeatureKind, Heartbeat, Snapshot, Window
from tests.unit.sdk.conftest import TENANT

LIMIT = 7
ORDER = Need("orders", event="order")


class StandIn(ThreadingHTTPServer):
    """A control plane of one tenant, one metered feature and one honest account."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.private_key, public_key = generate_key_pair()
        self.key_id = key_id_of(public_key)
        self.public_keys = public_keys_text({self.key_id: public_key})
        self.leases, self.events, self.recovered = {}, {}, []
        self.down, self.lock = False, threading.Lock()
        self.started = SystemClock().now() - timedelta(seconds=1)

    def signed(self, message):
        return sign(message.to_bytes(), self.private_key, self.key_id).to_json()

    def snapshot(self):
        window = Window(self.started - timedelta(days=1), None, "plan", Decimal(LIMIT))
        features = {"orders": FeatureGrant(FeatureKind.METERED, (window,), per="ever")}
        return Snapshot(TENANT, 1, self.started, "Asia/Shanghai", features)

    def lease(self, body):
        request = parse_lease_request(body)
        with self.lock:
            results = tuple(self.done(op, request.request_id) for op in request.operations)
        now = SystemClock().now()
        return LeaseAnswer(TENANT, request.holder, request.request_id, now, results)

    def done(self, op, request_id):
        if op.op is LeaseOp.RECOVER:
            self.recovered.append((op.feature, op.period))
            return LeaseResult(op.op, LeaseStatus.OK)
        lease = op.lease or request_id
        held = self.leases.setdefault(lease, 0)
        if op.op is LeaseOp.CLOSE:
            self.leases[lease] = op.spent
            return LeaseResult(op.op, LeaseStatus.CLOSED, lease=lease, spent=op.spent)
        free = LIMIT - sum(self.leases.values())
        units = min(op.units, held + free)
        self.leases[lease] = max(units, op.spent)
        status = LeaseStatus.OK if units > held else LeaseStatus.EXHAUSTED
        return LeaseResult(
            op.op, status, lease=lease, units=self.leases[lease], expires_in_seconds=30, fence=1
        )


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        if self.server.down or not self.path.startswith("/v1/service/snapshot"):
            self.send_error(404)
            return
        beat = self.server.signed(Heartbeat(TENANT, 1, SystemClock().now()))
        self.answer({"snapshot": self.server.signed(self.server.snapshot()), "heartbeat": beat})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.down:
            self.send_error(503)
        elif self.path == "/v1/service/leases":
            self.answer({"leases": self.server.signed(self.server.lease(body))})
        else:
            self.server.events |= {event["id"]: event for event in body}
            known = [{"source": e["source"], "id": e["id"], "status": "accepted"} for e in body]
            self.answer({"results": known})

    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def control():
    server = StandIn()
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def make_service(control, folder, **more):
    return Service(
        url=f"http://127.0.0.1:{control.server_port}",
        token="tys_token",
        tenant=TENANT,
        instance="ins_1",
        module="orders",
        public_keys=control.public_keys,
        folder=folder,
        **more,
    )


async def ship(service):
    with await service.guard.admit_async(ORDER):
        return 1


async def ship_all(service):
    shipped = 0
    while True:
        try:
            shipped += await ship(service)
        except UnitsExhausted:
            return shipped


def settled(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_a_service_serves_exactly_what_was_bought_and_reports_it(control, tmp_path):
    with make_service(control, tmp_path) as service:
        assert service.state.wait_for(1, 5)
        assert service.ready
        assert asyncio.run(ship_all(service)) == LIMIT
        assert service.state.check("orders").reason in {Reason.LIMIT_REACHED, Reason.NO_LEASE}

    assert sum(control.leases.values()) == LIMIT
    assert len(control.events) == LIMIT
    assert {e["data"]["units"] for e in control.events.values()} == {1}
    assert {e["source"] for e in control.events.values()} == {"/instances/ins_1"}


def test_what_was_not_used_goes_back_when_a_service_stops(control, tmp_path):
    with make_service(control, tmp_path) as service:
        assert service.state.wait_for(1, 5)
        asyncio.run(ship(service))

    assert sum(control.leases.values()) == 1


def test_a_service_starts_without_the_control_plane_from_what_it_kept(control, tmp_path):
    with make_service(control, tmp_path) as service:
        assert service.state.wait_for(1, 5)
        assert settled((tmp_path / "snapshot.json").exists)
    control.down = True

    again = make_service(control, tmp_path)
    again.start()
    try:
        assert again.state.revision == 1
        assert again.state.check("orders").reason is Reason.NO_LEASE
        assert settled(lambda: again.leases.last_error)
        began = time.monotonic()
        with pytest.raises(EntitlementUnconfirmed):
            asyncio.run(ship(again))
        assert time.monotonic() - began < 1.5  # it does not wait for what cannot come
        control.down = False
        assert settled(lambda: again.leases.last_error is None)
        assert asyncio.run(ship(again)) == 1
    finally:
        again.stop()


def test_a_damaged_file_is_no_reason_not_to_start(control, tmp_path):
    (tmp_path / "snapshot.json").write_text('{"keys": []}')

    with make_service(control, tmp_path) as service:
        assert service.state.wait_for(1, 5)


def test_a_forked_child_has_leases_of_its_own(control, tmp_path):
    with make_service(control, tmp_path) as service:
        assert service.state.wait_for(1, 5)
        asyncio.run(ship(service))
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # a lock that came through the fork held would hang for ever
            shipped = 0
            try:
                shipped = asyncio.run(ship(service))
                service.stop()
            finally:
                os._exit(shipped)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
        asyncio.run(ship(service))

    assert sum(control.leases.values()) == 3
    assert len(control.events) == 3


def test_who_is_alone_settles_what_a_dead_process_left_once_its_usage_is_reported(
    control, tmp_path
):
    with make_service(control, tmp_path, alone=True) as service:
        assert service.state.wait_for(1, 5)
        asyncio.run(ship(service))
        assert settled(lambda: control.recovered)
        assert len(control.events) == 1
        asyncio.run(ship(service))

    assert control.recovered == [("orders", "ever")]


def test_a_fork_takes_back_what_was_to_be_settled_before_the_first_lease_came(control, tmp_path):
    service = make_service(control, tmp_path, alone=True)  # not started: its messages are ours
    grant = FeatureGrant(FeatureKind.METERED, (), per="ever")
    account = service.book.account("orders", grant, EVER, Decimal(LIMIT))
    account.spend(1, 0.0)
    request = service.book.begin()
    service.book.recover()  # as after all usage was reported, while the answer is on its way

    service.before_fork()
    service.book.recover()  # as by a thread that had begun before the fork
    service.book.finish(request.request_id, control.lease(request.body()).results)

    account.spend(LIMIT, SystemClock().monotonic())
    sent = service.book.begin()
    assert sent is not None
    assert [operation.op for operation in sent.operations] == [LeaseOp.RENEW]
    service.calls.close()


def test_who_may_not_be_alone_settles_nothing_of_others(control, tmp_path):
    with make_service(control, tmp_path) as service:
        assert service.state.wait_for(1, 5)
        asyncio.run(ship(service))
        assert settled(lambda: control.events)

    assert control.recovered == []
