"""A mail as RFC 5322 text."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from control_plane.notifications.domain import Mail


def as_message(mail: Mail, *, sender: str, at: datetime) -> EmailMessage:
    """Build the message. White space in the subject is folded, so no header can be smuggled in."""
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = f"<{mail.message_id}@{sender.rpartition('@')[2]}>"
    message["Date"] = format_datetime(at)
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = " ".join(mail.subject.split())
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)  # clears what Content-… headers there are
    message["Content-Language"] = mail.language.replace("_", "-")
    return message
