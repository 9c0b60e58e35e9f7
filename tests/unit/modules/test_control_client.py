"""Usage on its way to the control plane: packed when large, patient when asked."""

import gzip
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from control_plane.kernel.clock import SystemClock
from control_plane.sdk.courier import ControlPlaneBusy
from inventory_modules.chassis.control_client import ControlClient

FEW = [{"source": "/s", "id": "1"}]
MANY = [{"source": "/s", "id": str(n), "data": "x" * 100} for n in range(100)]


class Peer:
    """Answers as it is told, and remembers how bodies came."""

    def __init__(self) -> None:
        self.status, self.headers = 200, {}
        self.seen: list[tuple[str | None, int]] = []

    async def __call__(self, request: web.Request) -> web.Response:
        encoding = request.headers.get("Content-Encoding")
        events = json.loads(await request.read())  # aiohttp unpacks by itself
        self.seen.append((encoding, len(events)))
        if self.status == 415 and encoding is None:
            return web.json_response({"results": []})
        return web.json_response({"results": []}, status=self.status, headers=self.headers)


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
async def client(peer: Peer) -> AsyncIterator[ControlClient]:
    app = web.Application()
    app.router.add_post("/v1/events", peer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield ControlClient(session, str(server.make_url("")).rstrip("/"), "tys_1", SystemClock())


async def test_a_large_batch_is_compressed_and_a_small_one_is_not(client, peer):
    await client.send_events(FEW)
    await client.send_events(MANY)

    assert peer.seen == [(None, 1), ("gzip", 100)]
    assert len(gzip.compress(json.dumps(MANY).encode())) < 2000


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_passed_on(client, peer, status):
    peer.status, peer.headers = status, {"Retry-After": "9"}

    with pytest.raises(ControlPlaneBusy) as busy:
        await client.send_events(FEW)

    assert busy.value.seconds == 9
    assert busy.value.fields["status"] == status


async def test_a_control_plane_that_cannot_unpack_is_sent_plain_bodies_from_then_on(client, peer):
    peer.status = 415
    with pytest.raises(aiohttp.ClientResponseError):
        await client.send_events(MANY)

    assert await client.send_events(MANY) == []

    assert [encoding for encoding, _ in peer.seen] == ["gzip", None]
