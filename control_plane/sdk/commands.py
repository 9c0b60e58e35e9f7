"""The gate at a module's door for orders from the control plane."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from control_plane.kernel.calendar import instant_text
from control_plane.kernel.clock import Clock
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.sdk.envelope import Envelope, verify
from control_plane.sdk.messages import Action, Command, parse_command

COMMAND_LIFE = timedelta(seconds=60)


class CommandRefused(TallyardError):
    """A signed command is not for this instance, not for this action, too old, or used before."""

    code = "command_refused"
    kind = ErrorKind.FORBIDDEN
    message = "The command “{action}” issued at {issued_at} is refused: {reason}."
    remedy = "Sign a new command for this instance, and send it once."


class CommandGate:
    """Lets each command through once, within 60 s of real time of its signing, either way."""

    def __init__(
        self,
        *,
        tenant: str,
        instance: str,
        keys: Mapping[str, Ed25519PublicKey],
        clock: Clock,
    ) -> None:
        self._tenant = tenant
        self._instance = instance
        self._keys = keys
        self._clock = clock
        self._seen: dict[str, datetime] = {}

    def accept(self, envelope: Envelope, action: Action | str) -> Command:
        """Return the command, if it may be carried out now.

        Raises:
            SignatureInvalid: not signed by a trusted key.
            SnapshotInvalid: for another tenant, or malformed.
            CommandRefused: for another instance or action, out of its time, or seen before.
        """
        command = parse_command(verify(envelope, self._keys), tenant=self._tenant)
        now = self._clock.now()
        # A command is forgotten only once it is too old to be let in again.
        self._seen = {nonce: at for nonce, at in self._seen.items() if now - at <= COMMAND_LIFE}
        reason = self._objection(command, action, now)
        if reason is not None:
            raise CommandRefused(
                action=command.action.value,
                issued_at=instant_text(command.issued_at),
                reason=reason,
            )
        self._seen[command.nonce] = command.issued_at
        return command

    def _objection(self, command: Command, action: Action | str, now: datetime) -> str | None:
        if command.instance != self._instance:
            return "it is for another instance"
        if command.action != action:
            return "it orders something else"
        if abs(now - command.issued_at) > COMMAND_LIFE:
            return "it is not of this minute"
        if command.nonce in self._seen:
            return "it was used before"
        return None
