"""How messages leave."""

from typing import Protocol

from control_plane.notifications.domain import Mail


class Mailer(Protocol):
    """Sends one message. May be called again with the same message."""

    async def send(self, mail: Mail) -> None:
        """Hand the message over.

        Raises:
            MailRefused: it was not taken; trying again later may help.
        """
