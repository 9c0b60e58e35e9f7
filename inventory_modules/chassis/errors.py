"""Refusals that every module service shares."""

from collections.abc import Sequence

from control_plane.kernel.errors import ErrorKind, TallyardError


class ManyErrors(TallyardError, abstract=True):
    """A refusal with one cause per offending input; ``causes`` carry their fields and values."""

    def __init__(self, *, causes: Sequence[TallyardError], count: int) -> None:
        self.causes = tuple(causes)
        super().__init__(count=count)


class InvalidRequest(ManyErrors):
    """A request was understood but its content breaks rules."""

    code = "invalid_request"
    kind = ErrorKind.INVALID
    message = "The request has {count} errors; nothing was stored."
    remedy = "Correct the fields listed under errors and send it again."

    def __init__(self, *, causes: Sequence[TallyardError]) -> None:
        super().__init__(causes=causes, count=len(causes))


class MalformedBody(TallyardError):
    """A body is not the JSON that the call takes."""

    code = "malformed_body"
    kind = ErrorKind.INVALID
    message = "The body cannot be read: {reason}."
    remedy = "Send JSON in UTF-8 of the form in the reference, quantities as texts."


class NumberOutOfRange(TallyardError):
    """A query parameter is no whole number, or one that is too small or too large."""

    code = "number_out_of_range"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a whole number from {least} to {most}."
    remedy = "Correct the parameter “{name}”."


class TooManyItems(TallyardError):
    """A query parameter was repeated too often."""

    code = "too_many_items"
    kind = ErrorKind.INVALID
    message = "“{name}” was given {value} times; {most} are possible."
    remedy = "Ask in several calls."


class ApiKeyMissing(TallyardError):
    """No credentials came with a call."""

    code = "api_key_missing"
    kind = ErrorKind.UNAUTHENTICATED
    message = "The call carries no API key."
    remedy = "Send the header Authorization: Bearer with a key from the portal."


class ApiKeyInvalid(TallyardError):
    """An API key is unknown, revoked or expired."""

    code = "api_key_invalid"
    kind = ErrorKind.UNAUTHENTICATED
    message = "The API key is not valid."
    remedy = "Check that it is complete; create a new one in the portal if it was revoked."


class ScopeMissing(TallyardError):
    """A key is valid but may not do this."""

    code = "scope_missing"
    kind = ErrorKind.FORBIDDEN
    message = "The key lacks the scope {scope}."
    remedy = "Use a key with the scope {scope}, or create one in the portal."


class IdempotencyKeyMissing(TallyardError):
    """A write came without its key."""

    code = "idempotency_key_missing"
    kind = ErrorKind.INVALID
    message = "The header Idempotency-Key is missing."
    remedy = "Send a text of your own, one for each document, and the same one on a retry."


class IdempotencyKeyInvalid(TallyardError):
    """An idempotency key is too long or not printable."""

    code = "idempotency_key_invalid"
    kind = ErrorKind.INVALID
    message = "The idempotency key “{value}” is not 1 to {longest} printable characters."
    remedy = "Use an order number or a UUID."


class IdempotencyKeyReused(TallyardError):
    """The same key came with another content."""

    code = "idempotency_key_reused"
    kind = ErrorKind.CONFLICT
    message = "The key “{key}” was used before with another content."
    remedy = "Use a new key for a new document; repeat the first content to get its answer."


class NotSubscribed(TallyardError):
    """The tenant's plan does not include a feature now."""

    code = "not_subscribed"
    kind = ErrorKind.FORBIDDEN
    message = "Your subscription does not include {feature}."
    remedy = "Subscribe to a plan that includes {feature} in the portal."


class EntitlementStale(TallyardError):
    """The control plane has been out of reach for longer than the feature allows."""

    code = "entitlement_stale"
    kind = ErrorKind.UNAVAILABLE
    message = "Whether {feature} is subscribed could not be confirmed for too long."
    remedy = "Try again later; your data is safe."


class DailyLimitReached(TallyardError):
    """A daily limit is used up."""

    code = "daily_limit_reached"
    kind = ErrorKind.EXHAUSTED
    message = "The daily limit of {limit} ({feature}) is used up for {day}."
    remedy = "Wait until midnight ({zone}), choose a larger plan or book a peak add-on."

    def __init__(self, *, retry_after: int, limit: int, feature: str, day: str, zone: str) -> None:
        self.retry_after = retry_after
        super().__init__(limit=limit, feature=feature, day=day, zone=zone)


class ResourceNotFound(TallyardError):
    """There is nothing under an address."""

    code = "not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no “{value}” here."
    remedy = "Check the address and the identifier."


class CommandMissing(TallyardError):
    """A call that only the control plane may make came without its signed command."""

    code = "command_missing"
    kind = ErrorKind.UNAUTHENTICATED
    message = "The header Tallyard-Command is missing."
    remedy = "Only the control plane commands an instance."


class InstanceDraining(TallyardError):
    """An instance takes no more documents because it is about to be exported."""

    code = "instance_draining"
    kind = ErrorKind.UNAVAILABLE
    message = "The service is being wound up and takes no new documents."
    remedy = "Export the data, or subscribe again in the portal."
