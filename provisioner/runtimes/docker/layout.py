"""How an instance is written down for Docker: names, labels, limits. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

from control_plane.kernel.ids import TenantId, format_id
from provisioner.ports import InstanceRef, InstanceSpec

LABEL_TENANT = "tallyard.tenant"
LABEL_INSTANCE = "tallyard.instance"
LABEL_GENERATION = "tallyard.generation"
LABEL_MODULE = "tallyard.module"
MINE = {"app": "tallyard"}

INSIDE_PORT = 8080
DATA_DIR = "/data"
USER = "10001:10001"
HOST_NAME = "host.docker.internal"
_LOOPBACK = {"127.0.0.1", "localhost", "::1", "0.0.0.0"}  # noqa: S104 - compared with, never bound
_NANO = 1_000_000_000
_PIDS = 128


def container_name(ref: InstanceRef) -> str:
    """Return the one name that the instance's container can have."""
    return f"tallyard-{ref.instance_text}"


def volume_name(ref: InstanceRef) -> str:
    """Return the name of the instance's data volume."""
    return f"tallyard-{ref.instance_text}"


def network_name(tenant_id: TenantId) -> str:
    """Return the name of the tenant's network."""
    return f"tallyard-{format_id('ten', tenant_id)}"


def network_config(tenant_id: TenantId) -> dict[str, object]:
    """Return the tenant's network; its bridge is named so that firewall rules find it.

    Linux names interfaces with at most 15 characters.
    """
    short = hashlib.sha256(tenant_id.bytes).hexdigest()[:12]
    return {
        "Name": network_name(tenant_id),
        "CheckDuplicate": True,
        "Driver": "bridge",
        "Labels": {**MINE, LABEL_TENANT: format_id("ten", tenant_id)},
        "Options": {"com.docker.network.bridge.name": f"tn-{short}"},
    }


def labels(spec: InstanceSpec) -> dict[str, str]:
    """Return the labels of the instance's container and volume."""
    return {
        **MINE,
        LABEL_TENANT: spec.ref.tenant_text,
        LABEL_INSTANCE: spec.ref.instance_text,
        LABEL_GENERATION: str(spec.generation),
        LABEL_MODULE: spec.module,
    }


def volume_config(spec: InstanceSpec) -> dict[str, object]:
    """Return the data volume; its labels name no generation, since it outlives them."""
    mine = labels(spec)
    del mine[LABEL_GENERATION]
    return {"Name": volume_name(spec.ref), "Labels": mine}


def container_config(
    spec: InstanceSpec, *, image: str, command: Sequence[str] | None
) -> dict[str, object]:
    """Return the container: no privileges, a read-only file system, bounded resources."""
    config: dict[str, object] = {
        "Image": image,
        "User": USER,
        "Labels": labels(spec),
        "Env": [f"{name}={value}" for name, value in sorted(environment(spec).items())],
        "ExposedPorts": {f"{INSIDE_PORT}/tcp": {}},
        "HostConfig": _host_config(spec),
        "NetworkingConfig": {
            "EndpointsConfig": {network_name(spec.ref.tenant_id): {"Aliases": [spec.module]}}
        },
    }
    if command is not None:
        config["Cmd"] = list(command)
    return config


def _host_config(spec: InstanceSpec) -> dict[str, object]:
    bind = {"HostIp": "127.0.0.1", "HostPort": str(spec.port)}
    return {
        "NetworkMode": network_name(spec.ref.tenant_id),
        "PortBindings": {f"{INSIDE_PORT}/tcp": [bind]},
        "Binds": [f"{volume_name(spec.ref)}:{DATA_DIR}"],
        "Tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=32m"},  # noqa: S108 - inside the container
        "ExtraHosts": [f"{HOST_NAME}:host-gateway"],
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Init": True,
        "Memory": spec.memory,
        "MemorySwap": spec.memory,
        "NanoCpus": int(spec.cpu * _NANO),
        "PidsLimit": _PIDS,
        # one authority restarts instances: the reconciler
        "RestartPolicy": {"Name": "no"},
    }


def environment(spec: InstanceSpec) -> dict[str, str]:
    """Return the container's variables; peers are named by their module on the network."""
    peers = {module: f"http://{module}:{INSIDE_PORT}" for module in spec.peers}
    return {
        **spec.common_env(),
        "TALLYARD_CONTROL_URL": from_inside(spec.control_url),
        "TALLYARD_DATA_DIR": DATA_DIR,
        "TALLYARD_LISTEN": f"0.0.0.0:{INSIDE_PORT}",
        "TALLYARD_PEERS": json.dumps(peers),
    }


def from_inside(url: str) -> str:
    """Return a URL of this host as a container reaches it: through the bridge's gateway."""
    parts = urlsplit(url)
    if parts.hostname not in _LOOPBACK:
        return url
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"{HOST_NAME}{port}"))


def owned_by(found: Mapping[str, str] | None, ref: InstanceRef) -> bool:
    """Tell whether labels say that something is this instance's."""
    mine = found or {}
    return mine.get("app") == "tallyard" and mine.get(LABEL_INSTANCE) == ref.instance_text
