"""What the edge itself refuses, before any use case runs."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class NotSignedIn(TallyardError):
    """The request carries no credential, or one that is not valid any more."""

    code = "not_signed_in"
    kind = ErrorKind.UNAUTHENTICATED
    message = "This request carries no valid sign-in or API key."
    remedy = "Sign in, or send an API key as 'Authorization: Bearer tyk_…'."


class NotPermitted(TallyardError):
    """Who asks is known, but may not do this."""

    code = "not_permitted"
    kind = ErrorKind.FORBIDDEN
    message = "Your role does not include the permission {permission}."
    remedy = "Ask an owner of your organisation for a role that includes it."


class RequestsUnderWay(TallyardError):
    """This process works on as many requests as it can."""

    code = "requests_under_way"
    kind = ErrorKind.UNAVAILABLE
    message = "This process works on {most} requests already."
    remedy = "Send the request again in a few seconds, a write with the same Idempotency-Key."


class IdempotencyKeyMissing(TallyardError):
    """A write came without the key that makes repeating it safe."""

    code = "idempotency_key_missing"
    kind = ErrorKind.INVALID
    message = "This write carries no Idempotency-Key header."
    remedy = "Send a new random key with every new write, and the same key when you repeat one."


class IdempotencyKeyInvalid(TallyardError):
    """The key has a form that cannot be kept."""

    code = "idempotency_key_invalid"
    kind = ErrorKind.INVALID
    message = "The Idempotency-Key {value!r} is not 1 to 255 printable ASCII characters."
    remedy = "Use a random UUID as the key."


class IdempotencyKeyReused(TallyardError):
    """The key was used before, for another request."""

    code = "idempotency_key_reused"
    kind = ErrorKind.CONFLICT
    message = "The Idempotency-Key {value!r} was used before with another method, path or body."
    remedy = "Use a new key for a new request; a key may only repeat the very same one."


class CsrfRefused(TallyardError):
    """A form or script post did not prove that it came from our own page."""

    code = "csrf_refused"
    kind = ErrorKind.FORBIDDEN
    message = "This form has expired, or was not sent from our own page."
    remedy = "Open the page again and repeat the step."


class NulInText(TallyardError):
    """A text holds a character that cannot be stored."""

    code = "nul_in_text"
    kind = ErrorKind.INVALID
    message = "A text in this request holds the character U+0000."
    remedy = "Leave that character out."
