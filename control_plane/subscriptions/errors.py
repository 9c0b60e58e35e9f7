"""What a subscription's timeline refuses, and why."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class SubscriptionNotFound(TallyardError):
    """The tenant has no subscription of that id."""

    code = "subscription_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no subscription {subscription_id}."
    remedy = "Check the id; a list of your subscriptions shows what there is."


class SubscriptionEnded(TallyardError):
    """A change would take effect when the subscription is no longer there."""

    code = "subscription_ended"
    kind = ErrorKind.CONFLICT
    message = "The subscription ends at {ended_at}; nothing can change from {effective_at} on."
    remedy = "Start a new subscription."


class ChangeBeforeStart(TallyardError):
    """A change would take effect before the subscription starts."""

    code = "change_before_start"
    kind = ErrorKind.INVALID
    message = "The subscription starts at {starts_at}; nothing can change from {effective_at} on."
    remedy = "Choose an instant at or after its start."


class AlreadyStarted(TallyardError):
    """A subscription starts once."""

    code = "subscription_already_started"
    kind = ErrorKind.CONFLICT
    message = "The subscription {subscription_id} has already been started."
    remedy = "Change its plan instead, or start another subscription."
