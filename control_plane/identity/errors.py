"""What identity refuses, and what to do about it."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class PasswordTooShort(TallyardError):
    """A password that is guessed too fast."""

    code = "password_too_short"
    kind = ErrorKind.INVALID
    message = "The password is too short."
    remedy = "Use at least {least} characters; several words do well."


class PasswordTooLong(TallyardError):
    """A password longer than anybody types."""

    code = "password_too_long"
    kind = ErrorKind.INVALID
    message = "The password is too long."
    remedy = "Use at most {most} characters."


class EmailTaken(TallyardError):
    """Somebody signed up with this address before."""

    code = "email_taken"
    kind = ErrorKind.CONFLICT
    message = "There is an account for {email} already."
    remedy = "Sign in instead."


class SignInRefused(TallyardError):
    """Unknown address or wrong password: which of the two is nobody's business."""

    code = "sign_in_refused"
    kind = ErrorKind.UNAUTHENTICATED
    message = "E-mail address or password is wrong."
    remedy = "Check both and try again."


class SessionEnded(TallyardError):
    """The session expired or was closed."""

    code = "session_ended"
    kind = ErrorKind.UNAUTHENTICATED
    message = "Your session has ended."
    remedy = "Sign in again."


class ScopesInvalid(TallyardError):
    """No scope at all, or one that does not exist."""

    code = "scopes_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” cannot be the scopes of a key."
    remedy = "Choose one or more of: {known}."


class ScopesBeyondOwn(TallyardError):
    """A key tried to make a stronger one."""

    code = "scopes_beyond_own"
    kind = ErrorKind.FORBIDDEN
    message = "A key cannot give {scopes}, which it does not have itself."
    remedy = "Create the key while signed in to the portal."


class ExpiryInvalid(TallyardError):
    """A key that would be expired from the start."""

    code = "expiry_invalid"
    kind = ErrorKind.INVALID
    message = "A key cannot expire at {value}, which is not in the future."
    remedy = "Choose an instant after {now}, or none."


class ApiKeyNotFound(TallyardError):
    """No such key, or not yours: the answer is the same."""

    code = "api_key_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no such API key."
    remedy = "Look the key up in the list of API keys."


class OidcUnavailable(TallyardError):
    """The identity provider did not answer as it should."""

    code = "oidc_unavailable"
    kind = ErrorKind.UNAVAILABLE
    message = "The company sign-in at {issuer} does not answer."
    remedy = "Try again in a minute, or sign in with your password."


class OidcRefused(TallyardError):
    """A sign-in through the identity provider that cannot be trusted.

    ``fields["reason"]`` says why, for the log; the person behind it need not know.
    """

    code = "oidc_refused"
    kind = ErrorKind.UNAUTHENTICATED
    message = "The company sign-in could not be completed."
    remedy = "Start again from the sign-in page."


class OidcEmailUnverified(TallyardError):
    """The identity provider does not vouch for the person's address."""

    code = "oidc_email_unverified"
    kind = ErrorKind.FORBIDDEN
    message = "The company sign-in does not vouch for your e-mail address."
    remedy = "Have the address verified there, or sign up with a password."


class OidcAccountExists(TallyardError):
    """The address has an account that was never linked: linking it unasked would be a theft."""

    code = "oidc_account_exists"
    kind = ErrorKind.CONFLICT
    message = "There is an account for {email} already, without the company sign-in."
    remedy = "Sign in with your password, then use the company sign-in once to link it."


class OidcLinkedElsewhere(TallyardError):
    """The person behind the company sign-in has another account here."""

    code = "oidc_linked_elsewhere"
    kind = ErrorKind.CONFLICT
    message = "This company sign-in belongs to another account."
    remedy = "Sign out, then use the company sign-in."
