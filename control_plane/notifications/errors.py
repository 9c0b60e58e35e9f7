"""What can go wrong with a message."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class MailRefused(TallyardError):
    """The mail server did not take the message."""

    code = "mail_refused"
    kind = ErrorKind.UNAVAILABLE
    message = "The mail server did not take the message to {to}: {reason}"
    remedy = "It is sent again by itself; check the mail settings if this goes on."


class TemplateNotFound(TallyardError):
    """A message was requested that nobody wrote."""

    code = "mail_template_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no message “{template}”."
    remedy = "Use one of: {known}."


class TemplateFieldMissing(TallyardError):
    """A message was requested without something it says."""

    code = "mail_field_missing"
    kind = ErrorKind.INVALID
    message = "The message “{template}” needs “{name}”."
    remedy = "Give the field when the message is requested."
