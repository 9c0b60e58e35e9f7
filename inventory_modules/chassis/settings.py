"""What an instance is told through its environment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from control_plane.kernel.errors import ErrorKind, TallyardError

_REQUIRED = (
    "TALLYARD_MODULE",
    "TALLYARD_TENANT_ID",
    "TALLYARD_INSTANCE_ID",
    "TALLYARD_CONTROL_URL",
    "TALLYARD_SERVICE_TOKEN",
    "TALLYARD_PUBLIC_KEYS",
    "TALLYARD_DATA_DIR",
    "TALLYARD_LISTEN",
)


class SettingsIncomplete(TallyardError):
    """Variables that an instance cannot do without are missing."""

    code = "settings_incomplete"
    kind = ErrorKind.INVALID
    message = "The environment lacks {names}."
    remedy = "Start the instance through the provisioner, which sets them all."


class SettingInvalid(TallyardError):
    """A variable is there but cannot be read."""

    code = "setting_invalid"
    kind = ErrorKind.INVALID
    message = "{name} is not {expected}: “{value}”."
    remedy = "Correct {name} in the environment of the instance."


@dataclass(frozen=True, slots=True)
class Settings:
    """An instance's settings. ``peers`` are base URLs by module."""

    module: str
    tenant_id: str
    instance_id: str
    control_url: str
    service_token: str = field(repr=False)
    public_keys: str
    data_dir: Path
    host: str
    port: int
    peers: Mapping[str, str]
    exit_with_pid: int | None = None
    log_level: str = "info"


def load_settings(env: Mapping[str, str]) -> Settings:
    """Read the environment.

    Raises:
        SettingsIncomplete: naming every variable that is missing.
        SettingInvalid: one cannot be read.
    """
    missing = [name for name in _REQUIRED if not env.get(name)]
    if missing:
        raise SettingsIncomplete(names=", ".join(missing))
    host, port = _address(env["TALLYARD_LISTEN"])
    pid = env.get("TALLYARD_EXIT_WITH_PID") or None
    if pid is not None and not pid.isdecimal():
        raise SettingInvalid(name="TALLYARD_EXIT_WITH_PID", expected="a process id", value=pid)
    return Settings(
        module=env["TALLYARD_MODULE"],
        tenant_id=env["TALLYARD_TENANT_ID"],
        instance_id=env["TALLYARD_INSTANCE_ID"],
        control_url=env["TALLYARD_CONTROL_URL"].rstrip("/"),
        service_token=env["TALLYARD_SERVICE_TOKEN"],
        public_keys=env["TALLYARD_PUBLIC_KEYS"],
        data_dir=Path(env["TALLYARD_DATA_DIR"]),
        host=host,
        port=port,
        peers=_peers(env.get("TALLYARD_PEERS", "{}")),
        exit_with_pid=None if pid is None else int(pid),
        log_level=env.get("TALLYARD_LOG_LEVEL", "info"),
    )


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise SettingInvalid(name="TALLYARD_LISTEN", expected="host:port", value=text)
    return host, int(port)


def _peers(text: str) -> dict[str, str]:
    try:
        return {str(name): str(url).rstrip("/") for name, url in json.loads(text).items()}
    except (ValueError, AttributeError):
        raise SettingInvalid(
            name="TALLYARD_PEERS", expected="a JSON object of URLs", value=text
        ) from None
