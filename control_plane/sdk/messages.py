"""Signed messages beside the snapshot: heartbeats keep it young, commands ask for an act."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from control_plane.kernel.calendar import instant_text
from control_plane.kernel.canonical import canonical_json
from control_plane.sdk.reading import MESSAGE_FORMAT, read_message


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The control plane's word that ``revision`` was the newest at ``issued_at`` (real time)."""

    tenant: str
    revision: int
    issued_at: datetime

    def to_bytes(self) -> bytes:
        """Return the canonical bytes that are signed."""
        return canonical_json(
            {
                "kind": "heartbeat",
                "format": MESSAGE_FORMAT,
                "tenant": self.tenant,
                "revision": self.revision,
                "issued_at": instant_text(self.issued_at),
            }
        )


class Action(StrEnum):
    """What an instance may be asked to do."""

    SYNC = "sync"
    EXPORT = "export"
    DRAIN = "drain"


@dataclass(frozen=True, slots=True)
class Command:
    """An order from the control plane to one instance, good once, for 60 s of real time."""

    tenant: str
    instance: str
    action: Action
    issued_at: datetime
    nonce: str

    def to_bytes(self) -> bytes:
        """Return the canonical bytes that are signed."""
        return canonical_json(
            {
                "kind": "command",
                "format": MESSAGE_FORMAT,
                "tenant": self.tenant,
                "instance": self.instance,
                "action": self.action.value,
                "issued_at": instant_text(self.issued_at),
                "nonce": self.nonce,
            }
        )


def new_command(*, tenant: str, instance: str, action: Action | str, at: datetime) -> Command:
    """Write an order with a nonce of its own; ``at`` is real time."""
    return Command(tenant, instance, Action(action), at, secrets.token_hex(16))


def parse_heartbeat(data: bytes, *, tenant: str | None = None) -> Heartbeat:
    """Read a heartbeat, for this tenant when one is named.

    Raises:
        SnapshotInvalid: another kind, format or tenant, or a member that is wrong.
    """
    reader = read_message(data, "heartbeat", tenant)
    return Heartbeat(reader.text("tenant"), reader.whole("revision"), reader.instant("issued_at"))


def parse_command(data: bytes, *, tenant: str | None = None) -> Command:
    """Read a command, for this tenant when one is named; ``CommandGate`` judges age and nonce.

    Raises:
        SnapshotInvalid: another kind, format or tenant, or a member that is wrong.
    """
    reader = read_message(data, "command", tenant)
    reader.expect("action", *(action.value for action in Action))
    return Command(
        tenant=reader.text("tenant"),
        instance=reader.text("instance"),
        action=Action(reader.text("action")),
        issued_at=reader.instant("issued_at"),
        nonce=reader.text("nonce"),
    )
