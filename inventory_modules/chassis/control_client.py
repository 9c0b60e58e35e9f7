"""The way to the control plane: snapshots come, usage events go."""

import gzip
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
import msgspec

from control_plane.kernel.clock import Clock
from control_plane.sdk.courier import ControlPlaneBusy, wait_asked_for
from control_plane.sdk.envelope import Envelope

_WORTH_PACKING_BYTES = 4096
_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class SnapshotAnswer:
    """A newer snapshot and newer key rings, if there are any, and the heartbeat of the newest."""

    snapshot: Envelope | None
    heartbeat: Envelope | None
    keys: tuple[Envelope, ...] = ()


class ControlClient:
    """Speaks the service API with the instance's service token."""

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, token: str, clock: Clock
    ) -> None:
        self._clock = clock
        self._packs = True
        self._session = session
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {token}"}

    async def fetch_snapshot(self, have: int, ring: int = 0) -> SnapshotAnswer:
        """Ask for a snapshot newer than revision ``have``, and for key rings after ``ring``.

        Raises:
            aiohttp.ClientError, TimeoutError: there was no answer, or no good one.
            EnvelopeInvalid: what came is no envelope.
        """
        async with self._session.get(
            f"{self._base_url}/v1/service/snapshot",
            params={"have": str(have), "ring": str(ring)},
            headers=self._headers,
            raise_for_status=True,
        ) as response:
            body = msgspec.json.decode(await response.read())
        keys = tuple(Envelope.from_json(item) for item in body.get("keys") or ())
        return SnapshotAnswer(
            _envelope(body.get("snapshot")), _envelope(body.get("heartbeat")), keys
        )

    async def send_events(self, events: list[dict[str, object]]) -> list[dict[str, object]]:
        """Post a batch of CloudEvents, compressed if large, and return one result per event.

        Raises:
            ControlPlaneBusy: it takes nothing now, and says for how long.
            aiohttp.ClientError, TimeoutError: nothing is known of the batch; send it again.
        """
        body = msgspec.json.encode(events)
        packed = self._packs and len(body) > _WORTH_PACKING_BYTES
        headers = {**self._headers, "Content-Type": "application/cloudevents-batch+json"}
        if packed:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, compresslevel=1, mtime=0)
        url = f"{self._base_url}/v1/events"
        async with self._session.post(url, data=body, headers=headers) as response:
            if response.status in _BUSY:
                asked = wait_asked_for(response.headers.get("Retry-After"), self._clock.now())
                raise ControlPlaneBusy(status=response.status, seconds=asked)
            if packed and response.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
                self._packs = False  # an older control plane; the batch goes again as it is
            response.raise_for_status()
            answer: dict[str, Any] = msgspec.json.decode(await response.read())
        return list(answer["results"])


def _envelope(value: object) -> Envelope | None:
    return None if value is None else Envelope.from_json(value)
