"""Write messages as ``.eml`` files, which any mail program opens."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from control_plane.kernel.canonical import sha256_hex
from control_plane.kernel.clock import Clock
from control_plane.notifications.adapters.message import as_message
from control_plane.notifications.domain import Mail
from control_plane.notifications.errors import MailRefused


@dataclass(frozen=True, slots=True)
class FileMailer:
    """Puts each message into a folder, for machines without a mail server.

    The folder is private to the process's user: messages hold invitation links.
    """

    folder: Path
    sender: str
    clock: Clock

    async def send(self, mail: Mail) -> None:
        """Write the file whole or not at all; the same message again replaces it.

        Raises:
            MailRefused: the folder cannot be written.
        """
        message = as_message(mail, sender=self.sender, at=self.clock.now())
        name = sha256_hex(mail.message_id.encode())[:32]
        try:
            await asyncio.to_thread(self._write, name, message.as_bytes())
        except OSError as error:
            raise MailRefused(to=mail.to, reason=error.strerror or "cannot write") from error

    def _write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.folder / f".{name}.part"
        with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        part.replace(self.folder / f"{name}.eml")
