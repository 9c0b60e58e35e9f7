"""Send messages through a mail server."""

import asyncio
import smtplib
from dataclasses import dataclass
from email.message import EmailMessage

from control_plane.kernel.clock import Clock
from control_plane.notifications.adapters.message import as_message
from control_plane.notifications.domain import Mail
from control_plane.notifications.errors import MailRefused


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """Speaks SMTP (RFC 5321) to a relay, with STARTTLS where the relay offers it."""

    host: str
    port: int
    sender: str
    clock: Clock
    timeout_seconds: float = 20.0

    async def send(self, mail: Mail) -> None:
        """Hand the message to the relay.

        Raises:
            MailRefused: the relay did not answer, or did not take it.
        """
        message = as_message(mail, sender=self.sender, at=self.clock.now())
        try:
            await asyncio.to_thread(self._send, message)
        except (smtplib.SMTPException, OSError) as error:
            raise MailRefused(to=mail.to, reason=str(error)[:200]) from error

    def _send(self, message: EmailMessage) -> None:
        with smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds) as server:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls()
                server.ehlo()
            server.send_message(message)
