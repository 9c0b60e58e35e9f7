"""Who reads a stream of snapshots slowly, while the keys are changed at once."""

from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import msgspec

from control_plane.entitlements.feeds import FeedState
from control_plane.entitlements.services.read_snapshot import ReadSnapshot
from control_plane.entitlements.services.rotate_keys import RotateKeys
from control_plane.entitlements.signer import Signer
from control_plane.identity.secret_texts import secret_hash
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import TenantId, new_id
from control_plane.sdk.envelope import Envelope, verify
from control_plane.sdk.events import read_events
from control_plane.sdk.keyring import KeyRing
from web.api.service_sync import _events


async def test_whatever_is_signed_is_signed_by_a_key_that_was_told_before(tmp_path):
    clock, tenant_id = SystemClock(), TenantId(new_id())
    signer = Signer.load(tmp_path / "keys")
    keys, known = RotateKeys(tmp_path / "keys", clock), KeyRing(signer._file.public_keys)
    beat = partial(ReadSnapshot(None, signer, clock).heartbeat, tenant_id, 1, clock.now())
    payload = msgspec.json.encode({"services": [{"hash": secret_hash("token")}]})
    state = FeedState(1, signer.sign(payload), beat)

    @asynccontextmanager
    async def follow(_):
        async def states():
            yield state
            yield FeedState(1, state.snapshot, beat)

        yield states()

    application = SimpleNamespace(snapshot_feeds=SimpleNamespace(follow=follow), signer=signer)
    told = []
    stream = _events(application, tenant_id, "token", 0, 0)
    told.append(await anext(stream))  # and reads on only after a while
    keys.announce()
    keys.rotate(overlap=timedelta(0))
    told += [event async for event in stream]

    events = list(read_events(told))
    for event in events:
        envelope = Envelope.from_json(msgspec.json.decode(event.data))
        if event.name == "keys":
            assert known.follow([envelope]) == []
        else:
            verify(envelope, known)
    assert [event.name for event in events] == [
        *("snapshot", "heartbeat"),
        *["keys"] * len(signer.rings),
        "heartbeat",
    ]
