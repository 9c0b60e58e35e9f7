"""Pick the mailer that the settings ask for."""

from control_plane.kernel.clock import Clock
from control_plane.notifications.adapters.files import FileMailer
from control_plane.notifications.adapters.smtp import SmtpMailer
from control_plane.notifications.ports import Mailer
from control_plane.runtime.settings import Settings


def choose_mailer(settings: Settings, clock: Clock) -> Mailer:
    """Return the SMTP mailer where a mail server is named, or else files under ``var_dir/mail``."""
    if settings.smtp_host:
        return SmtpMailer(settings.smtp_host, settings.smtp_port, settings.mail_from, clock)
    return FileMailer(settings.var_dir / "mail", settings.mail_from, clock)
