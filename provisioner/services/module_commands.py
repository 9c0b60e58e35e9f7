"""Telling an instance what to do, in orders that it can verify."""

from dataclasses import dataclass, field
from pathlib import Path

import httpx

from control_plane.entitlements.signer import Signer
from control_plane.kernel.clock import Clock
from control_plane.sdk.messages import Action, new_command
from provisioner.errors import SyncFailed
from provisioner.ports import InstanceRef
from provisioner.runtimes.probe import new_client

COMMAND_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class SyncAnswer:
    """How far an instance is. ``settled``: it has nothing left to take in or to send."""

    revision: int
    settled: bool


@dataclass(frozen=True, slots=True)
class ModuleCommands:
    """Sends signed commands. ``clock`` is real time: a command is good for a minute of it."""

    signer: Signer
    clock: Clock
    client: httpx.AsyncClient = field(default_factory=new_client)

    async def sync(self, ref: InstanceRef, base_url: str) -> SyncAnswer:
        """Let the instance take the newest snapshot and send all its usage.

        Raises:
            SyncFailed: it did not.
        """
        return await self._post(ref, base_url, Action.SYNC)

    async def drain(self, ref: InstanceRef, base_url: str) -> SyncAnswer:
        """Let the instance take no new documents, then synchronise.

        Raises:
            SyncFailed: it did not.
        """
        return await self._post(ref, base_url, Action.DRAIN)

    async def export(self, ref: InstanceRef, base_url: str, into: Path) -> None:
        """Write the instance's export to the file ``into``.

        Raises:
            SyncFailed: it did not send one, or not all of it.
        """
        headers = self._headers(ref, Action.EXPORT)
        url = f"{base_url}/_tallyard/export"
        try:
            async with self.client.stream(
                "POST", url, headers=headers, timeout=COMMAND_SECONDS
            ) as answer:
                answer.raise_for_status()
                with into.open("wb") as file:
                    async for chunk in answer.aiter_bytes():
                        file.write(chunk)
        except httpx.HTTPError as error:
            raise _failed(ref, Action.EXPORT, error) from error

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def _post(self, ref: InstanceRef, base_url: str, action: Action) -> SyncAnswer:
        headers = self._headers(ref, action)
        url = f"{base_url}/_tallyard/{action}"
        try:
            answer = await self.client.post(url, headers=headers, timeout=COMMAND_SECONDS)
            answer.raise_for_status()
            body = answer.json()
            return SyncAnswer(revision=int(body["revision"]), settled=body["settled"] is True)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise _failed(ref, action, error) from error

    def _headers(self, ref: InstanceRef, action: Action) -> dict[str, str]:
        command = new_command(
            tenant=ref.tenant_text, instance=ref.instance_text, action=action, at=self.clock.now()
        )
        return {"Tallyard-Command": self.signer.sign(command.to_bytes()).to_header()}


def _failed(ref: InstanceRef, action: Action, error: Exception) -> SyncFailed:
    reason = str(error) or type(error).__name__
    return SyncFailed(instance=ref.instance_text, action=action.value, reason=reason)
