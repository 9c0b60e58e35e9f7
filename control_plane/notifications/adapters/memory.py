"""Keep messages in a list: the twin that tests use."""

from dataclasses import dataclass, field

from control_plane.notifications.domain import Mail


@dataclass(slots=True)
class MemoryMailer:
    """Remembers what was sent, once a message id."""

    sent: list[Mail] = field(default_factory=list)

    async def send(self, mail: Mail) -> None:
        """Remember the message, unless it was sent before."""
        if all(known.message_id != mail.message_id for known in self.sent):
            self.sent.append(mail)
