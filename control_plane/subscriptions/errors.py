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


class AlreadyPaused(TallyardError):
    """A paused subscription was to be paused again."""

    code = "subscription_paused"
    kind = ErrorKind.CONFLICT
    message = "The subscription is already paused."
    remedy = "Resume it first."


class NotPaused(TallyardError):
    """A subscription that is not paused was to be resumed."""

    code = "subscription_not_paused"
    kind = ErrorKind.CONFLICT
    message = "The subscription is not paused."
    remedy = "There is nothing to resume."


class NotCancelled(TallyardError):
    """A subscription that goes on anyway was to be reactivated."""

    code = "subscription_not_cancelled"
    kind = ErrorKind.CONFLICT
    message = "The subscription was not cancelled; it goes on by itself."
    remedy = "There is nothing to reactivate."


class NoTrial(TallyardError):
    """There is no trial under way that could be moved."""

    code = "no_trial"
    kind = ErrorKind.CONFLICT
    message = "The subscription has no trial under way."
    remedy = "A trial can be given when a subscription starts."


class TrialEndInvalid(TallyardError):
    """A trial would end in the past."""

    code = "trial_end_invalid"
    kind = ErrorKind.INVALID
    message = "A trial cannot end at {until}, which is before it is asked for."
    remedy = "Choose the present or a later time."


class QuantityInvalid(TallyardError):
    """A quantity is out of bounds."""

    code = "quantity_invalid"
    kind = ErrorKind.INVALID
    message = "{quantity} is not a possible quantity of “{component}”."
    remedy = "Give a whole number that is not negative; of an add-on, at least 1."


class IntervalCountInvalid(TallyardError):
    """A period would span no interval."""

    code = "interval_count_invalid"
    kind = ErrorKind.INVALID
    message = "A period cannot span {count} intervals."
    remedy = "Use a whole number of at least 1."


class WindowInvalid(TallyardError):
    """A booking's window cannot be booked."""

    code = "window_invalid"
    kind = ErrorKind.INVALID
    message = "From {start} to {end} is no window that can be booked."
    remedy = "Give an end after the start and not past; a running window keeps its start."


class BookingNotFound(TallyardError):
    """The subscription has no such booking."""

    code = "booking_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no booking {booking_id} that could be changed."
    remedy = "Read the subscription's add-ons; they carry their ids."


class BookingOver(TallyardError):
    """A booking was given up, or its window has ended."""

    code = "booking_over"
    kind = ErrorKind.CONFLICT
    message = "The booking ended at {ended_at}."
    remedy = "Book another window."
