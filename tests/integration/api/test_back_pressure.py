"""What comes faster than it can be stored is refused before it costs memory."""

import gzip

import pytest

from control_plane.kernel.ids import TenantId, new_id, parse_id
from tests.support.usage import body_of

OTHER = TenantId(new_id())


@pytest.fixture
def send(bella):
    async def _send(body=None, **headers):
        content = body_of(1) if body is None else body
        return await bella.client.post("/v1/events", content=content, headers=headers)

    return _send


async def test_of_too_many_bytes_a_delivery_is_refused_before_it_is_read(site, bella, send):
    room = site.application.ingest_bodies
    own = TenantId(parse_id("ten", bella.tenant_id))

    with room.holding(own, room.most // 2):
        mine = await send(b"never read")
    with room.holding(OTHER, room.most // 2), room.holding(TenantId(new_id()), room.most // 2):
        everybodys = await send(b"never read")

    assert (mine.status_code, mine.json()["code"]) == (429, "bodies_over_share")
    assert (everybodys.status_code, everybodys.json()["code"]) == (503, "bodies_overloaded")
    assert mine.headers["retry-after"] == everybodys.headers["retry-after"] == "1"
    assert room.held == 0
    assert (await send()).status_code == 200


async def test_of_too_many_events_a_delivery_is_refused_whole(site, bella, send):
    room = site.application.ingest_usage.room
    own = TenantId(parse_id("ten", bella.tenant_id))

    with room.holding(own, room.most // 2):
        mine = await send()
    with room.holding(OTHER, room.most):
        everybodys = await send()

    assert (mine.status_code, mine.json()["code"]) == (429, "events_over_share")
    assert (everybodys.status_code, everybodys.json()["code"]) == (503, "ingest_overloaded")
    assert room.held == site.application.ingest_bodies.held == 0
    (result,) = (await send()).json()["results"]
    assert result["status"] == "accepted"  # nothing of the refused deliveries was stored


async def test_a_compressed_body_holds_what_it_may_become_and_then_what_it_is(site, bella, send):
    room = site.application.ingest_bodies
    own = TenantId(parse_id("ten", bella.tenant_id))
    packed = gzip.compress(body_of(200))

    with room.holding(own, room.most // 2 - 10 * len(packed)):
        refused = await send(packed, **{"content-encoding": "gzip"})

    assert refused.json()["code"] == "bodies_over_share"
    assert (await send(packed, **{"content-encoding": "gzip"})).status_code == 200
    assert room.held == 0


async def test_what_waits_and_what_was_answered_is_measured(site, send):
    with site.application.ingest_bodies.holding(OTHER, 123):
        await send()
        async with site.client() as anybody:
            text = (await anybody.get("/metrics")).text

    assert "tallyard_ingest_waiting_bytes 123.0" in text
    assert "tallyard_ingest_waiting_events 0.0" in text
    assert 'tallyard_ingest_events_total{status="accepted"}' in text
