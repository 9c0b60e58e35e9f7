"""Instances as Docker containers."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

import aiodocker
import aiohttp
import httpx
from aiodocker.containers import DockerContainer

from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import InstanceId, InvalidId, TenantId, format_id, parse_id
from provisioner.domain.instances import Observation, ObservedInstance, State
from provisioner.errors import ImageMissing, PortTaken, RuntimeUnavailable, StartFailed, StopFailed
from provisioner.ports import InstanceRef, InstanceSpec
from provisioner.runtimes.docker import layout
from provisioner.runtimes.probe import is_ready, new_client

STARTING_SECONDS = 60.0
STOP_SECONDS = 10
_CALL = aiohttp.ClientTimeout(total=60)
_PORT_WORDS = ("port is already allocated", "address already in use")
_STATES = {
    "created": State.CREATED,
    "restarting": State.STARTING,
    "paused": State.UNHEALTHY,
    "exited": State.STOPPED,
    "dead": State.STOPPED,
}


@dataclass(slots=True)
class DockerRuntime:
    """Runs instances as containers of one image on one daemon.

    ``url`` is the daemon's address; without it, Docker's own rules find it (``DOCKER_HOST``).
    ``command`` replaces the image's own. Only local images are used, nothing is ever pulled.
    """

    image: str
    clock: Clock
    url: str | None = None
    command: Sequence[str] | None = None
    name: str = "docker"
    isolates: bool = True
    _docker: aiodocker.Docker | None = None
    _client: httpx.AsyncClient = field(default_factory=new_client)

    async def observe(self, tenant_id: TenantId) -> Observation:
        """List containers and volumes by label; what Docker cannot say makes it unavailable."""
        mine = [f"{layout.LABEL_TENANT}={format_id('ten', tenant_id)}", "app=tallyard"]
        async with self._talk() as docker:
            volumes = await docker.volumes.list(filters={"label": mine})
            containers = await docker.containers.list(all=True, filters=_json_filter(mine))
            shown = await asyncio.gather(*(_show(container) for container in containers))
        seen: dict[InstanceId, ObservedInstance] = {}
        for volume in volumes.get("Volumes") or ():
            if instance_id := _instance_of(volume.get("Labels")):
                seen[instance_id] = ObservedInstance(instance_id, State.ABSENT, holds_data=True)
        for each in await asyncio.gather(*(self._look(facts, seen) for facts in shown)):
            if each is not None:
                seen[each.instance_id] = each
        return Observation(seen)

    async def create(self, spec: InstanceSpec) -> None:
        """Make network, volume and container; what is there already stays."""
        async with self._talk() as docker:
            await _ensure_network(docker, spec.ref.tenant_id)
            await docker.volumes.create(layout.volume_config(spec))
            config = layout.container_config(spec, image=self.image, command=self.command)
            try:
                await docker.containers.create(config, name=layout.container_name(spec.ref))
            except aiodocker.DockerError as error:
                if error.status == HTTPStatus.NOT_FOUND:
                    raise ImageMissing(image=self.image) from error
                if error.status != HTTPStatus.CONFLICT:
                    raise
                await self._accept_existing(docker, spec)

    async def start(self, ref: InstanceRef) -> None:
        """Start the container; Docker itself leaves a running one as it is."""
        async with self._talk() as docker:
            container = await _find(docker, ref)
            if container is None:
                raise StartFailed(instance=ref.instance_text, reason="it was not created")
            try:
                await container.start()
            except aiodocker.DockerError as error:
                if any(words in error.message for words in _PORT_WORDS):
                    port = _published_port(await container.show())
                    raise PortTaken(instance=ref.instance_text, port=port) from error
                raise StartFailed(instance=ref.instance_text, reason=error.message) from error

    async def stop(self, ref: InstanceRef) -> None:
        """Stop the container: SIGTERM, ten seconds, SIGKILL."""
        async with self._talk() as docker:
            if container := await _find(docker, ref):
                await container.stop(t=STOP_SECONDS)
                facts = await container.show()
                if facts["State"]["Running"]:
                    raise StopFailed(instance=ref.instance_text)

    async def discard(self, ref: InstanceRef) -> None:
        """Remove the container and keep its volume."""
        async with self._talk() as docker:
            if container := await _find(docker, ref):
                await _unless_gone(container.delete(force=True, v=False))

    async def remove(self, ref: InstanceRef) -> None:
        """Remove container and volume, and the tenant's network after its last instance."""
        await self.discard(ref)
        async with self._talk() as docker:
            await _unless_gone(_drop(docker.volumes, layout.volume_name(ref)))
            network = layout.network_name(ref.tenant_id)
            await _unless_gone(_drop(docker.networks, network), or_in_use=True)

    async def logs(self, ref: InstanceRef, *, lines: int = 200) -> str:
        """Return the end of the container's output, as Docker keeps it."""
        async with self._talk() as docker:
            container = await _find(docker, ref)
            if container is None:
                return ""
            return "".join(await container.log(stdout=True, stderr=True, tail=lines))

    async def close(self) -> None:
        """Close the connections to the daemon and of the probes."""
        await self._client.aclose()
        if self._docker is not None:
            await self._docker.close()
            self._docker = None

    @asynccontextmanager
    async def _talk(self) -> AsyncIterator[Any]:
        """Yield the client, whose types cover half of it; an absent daemon is named as such.

        Raises:
            RuntimeUnavailable: it does not answer, or failed in a way nobody expected.
        """
        try:
            if self._docker is None:
                self._docker = aiodocker.Docker(self.url, timeout=_CALL)
            yield self._docker
        except (aiodocker.DockerError, aiohttp.ClientError, OSError, ValueError) as error:
            raise RuntimeUnavailable(runtime=self.name, reason=str(error)) from error

    async def _look(
        self, facts: Mapping[str, Any] | None, volumes: Mapping[InstanceId, ObservedInstance]
    ) -> ObservedInstance | None:
        if facts is None:  # it went away between the list and the look
            return None
        found = facts["Config"].get("Labels") or {}
        instance_id = _instance_of(found)
        if instance_id is None:
            return None
        generation = found.get(layout.LABEL_GENERATION, "")
        return ObservedInstance(
            instance_id,
            await self._state(facts),
            int(generation) if generation.isdigit() else None,
            holds_data=instance_id in volumes,
        )

    async def _state(self, facts: Mapping[str, Any]) -> State:
        status = facts["State"]["Status"]
        if status != "running":
            return _STATES.get(status, State.UNKNOWN)
        port = _published_port(facts)
        if port and await is_ready(port, client=self._client):
            return State.READY
        started = datetime.fromisoformat(facts["State"]["StartedAt"][:19] + "+00:00")
        young = (self.clock.now() - started).total_seconds() < STARTING_SECONDS
        return State.STARTING if young else State.UNHEALTHY

    async def _accept_existing(self, docker: Any, spec: InstanceSpec) -> None:
        container = await _find(docker, spec.ref)
        facts = await container.show() if container else {}
        found = (facts.get("Config") or {}).get("Labels") or {}
        if found.get(layout.LABEL_GENERATION) != str(spec.generation):
            raise StartFailed(instance=spec.ref.instance_text, reason="another generation exists")


async def _ensure_network(docker: Any, tenant_id: TenantId) -> None:
    if await _has_network(docker, tenant_id):
        return
    try:
        await docker.networks.create(layout.network_config(tenant_id))
    except aiodocker.DockerError:
        # an instance beside this one may have made it meanwhile; Docker says so in several ways
        if not await _has_network(docker, tenant_id):
            raise


async def _has_network(docker: Any, tenant_id: TenantId) -> bool:
    try:
        await docker.networks.get(layout.network_name(tenant_id))
    except aiodocker.DockerError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return False
        raise
    return True


async def _find(docker: aiodocker.Docker, ref: InstanceRef) -> DockerContainer | None:
    """Return the instance's container, or None; one that only has its name is not touched."""
    try:
        container = await docker.containers.get(layout.container_name(ref))
    except aiodocker.DockerError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    facts = await container.show()
    if not layout.owned_by(facts["Config"].get("Labels"), ref):
        raise StartFailed(
            instance=ref.instance_text, reason="its name belongs to a foreign container"
        )
    return container


async def _show(container: DockerContainer) -> Mapping[str, Any] | None:
    try:
        facts: Mapping[str, Any] = await container.show()
    except aiodocker.DockerError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    return facts


async def _drop(collection: Any, name: str) -> None:
    await (await collection.get(name)).delete()


async def _unless_gone(deletion: Any, *, or_in_use: bool = False) -> None:
    fine = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT if or_in_use else HTTPStatus.NOT_FOUND}
    try:
        await deletion
    except aiodocker.DockerError as error:
        in_use = or_in_use and "has active endpoints" in error.message
        if error.status not in fine and not in_use:
            raise


def _json_filter(mine: Sequence[str]) -> str:
    return '{"label": [' + ", ".join(f'"{label}"' for label in mine) + "]}"


def _instance_of(labels: Mapping[str, str] | None) -> InstanceId | None:
    try:
        return InstanceId(parse_id("ins", (labels or {}).get(layout.LABEL_INSTANCE, "")))
    except InvalidId:
        return None


def _published_port(facts: Mapping[str, Any]) -> int:
    bindings = facts["HostConfig"]["PortBindings"] or {}
    for binding in bindings.get(f"{layout.INSIDE_PORT}/tcp") or ():
        return int(binding["HostPort"])
    return 0
