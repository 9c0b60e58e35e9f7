"""The way to the control plane: snapshots come, usage events go."""

from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from control_plane.sdk.envelope import Envelope


@dataclass(frozen=True, slots=True)
class SnapshotAnswer:
    """A newer snapshot, if there is one, and the heartbeat of the newest."""

    snapshot: Envelope | None
    heartbeat: Envelope | None


class ControlClient:
    """Speaks the service API with the instance's service token."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, token: str) -> None:
        self._session = session
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {token}"}

    async def fetch_snapshot(self, have: int) -> SnapshotAnswer:
        """Ask for a snapshot newer than revision ``have``.

        Raises:
            aiohttp.ClientError, TimeoutError: there was no answer, or no good one.
            EnvelopeInvalid: what came is no envelope.
        """
        async with self._session.get(
            f"{self._base_url}/v1/service/snapshot",
            params={"have": str(have)},
            headers=self._headers,
            raise_for_status=True,
        ) as response:
            body = msgspec.json.decode(await response.read())
        return SnapshotAnswer(_envelope(body.get("snapshot")), _envelope(body.get("heartbeat")))

    async def send_events(self, events: list[dict[str, object]]) -> list[dict[str, object]]:
        """Post a batch of CloudEvents and return one result per event.

        Raises:
            aiohttp.ClientError, TimeoutError: nothing is known of the batch; send it again.
        """
        async with self._session.post(
            f"{self._base_url}/v1/events",
            data=msgspec.json.encode(events),
            headers={
                **self._headers,
                "Content-Type": "application/cloudevents-batch+json",
            },
            raise_for_status=True,
        ) as response:
            body: dict[str, Any] = msgspec.json.decode(await response.read())
        return list(body["results"])


def _envelope(value: object) -> Envelope | None:
    return None if value is None else Envelope.from_json(value)
