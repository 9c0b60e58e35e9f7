"""A message ready to be sent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain-text e-mail to one person.

    ``message_id`` is the same whenever the same message is sent again, so that a
    mailbox shows a message delivered twice once.
    """

    message_id: str
    to: str
    subject: str
    body: str
    language: str
