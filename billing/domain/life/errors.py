"""What the life of a subscription, its quotes and its migrations refuse, and why."""

from billing.errors import PreviewStale
from control_plane.kernel.errors import ErrorKind, TallyardError


class VendorOnly(TallyardError):
    """A customer asked for what only the vendor may give."""

    code = "vendor_only"
    kind = ErrorKind.FORBIDDEN
    message = "Only the vendor may set “{what}”."
    remedy = "Ask the vendor for it, or leave it out."


class BackDated(TallyardError):
    """A customer asked for a change in the past."""

    code = "back_dated"
    kind = ErrorKind.INVALID
    message = "A change cannot take effect at {at}, which is past."
    remedy = "Choose the present or a later time; the vendor can date a change back."


class ComponentUnknown(TallyardError):
    """The plan has no such component."""

    code = "component_unknown"
    kind = ErrorKind.INVALID
    message = "The plan has no component “{component}” to be counted."
    remedy = "Use one of: {known}."


class NothingToChange(TallyardError):
    """What was asked for holds already."""

    code = "nothing_to_change"
    kind = ErrorKind.CONFLICT
    message = "Nothing would change: the subscription already is as asked for."
    remedy = "Read the subscription again and ask for something else."


class NotScheduled(TallyardError):
    """A change was to be taken back that has taken effect, or never was."""

    code = "change_not_scheduled"
    kind = ErrorKind.CONFLICT
    message = "The change {change_id} is not waiting to take effect."
    remedy = "Only what is scheduled can be taken back; change the subscription instead."


class QuoteNotFound(TallyardError):
    """The tenant has no quote of that id."""

    code = "quote_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no quote {quote_id}."
    remedy = "Check the id; the list of quotes shows what there is."


class QuoteClosed(TallyardError):
    """A quote was answered before, or ran out."""

    code = "quote_closed"
    kind = ErrorKind.CONFLICT
    message = "The quote {number} is {state}."
    remedy = "Ask the vendor for a new quote."


class QuoteStale(PreviewStale):
    """A quote can no longer be honoured as it was made."""

    code = "quote_stale"
    message = "The quote {number} would no longer come to what it says."
    remedy = "Ask the vendor for a new quote; nothing was charged."


class ExpectedUsageUnpriced(TallyardError):
    """Usage is expected of a meter that the quoted price does not charge by."""

    code = "expected_usage_unpriced"
    kind = ErrorKind.INVALID
    message = "The quoted price charges nothing by the meter “{value}”."
    remedy = "Name a meter of the quoted plan's charges, or leave it out."


class ExpectedUsageNegative(TallyardError):
    """Less than nothing is expected of a meter."""

    code = "expected_usage_negative"
    kind = ErrorKind.INVALID
    message = "No usage comes to {value}."
    remedy = "Give a quantity of at least 0."


class QuoteValidityInvalid(TallyardError):
    """A quote would be valid for no time, or beyond its start."""

    code = "quote_validity_invalid"
    kind = ErrorKind.INVALID
    message = "The quote cannot be valid until {valid_until}."
    remedy = "Choose a later time, and not one after the start that it quotes."


class MigrationNotFound(TallyardError):
    """No such migration was ever started."""

    code = "plan_migration_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no plan migration {migration_id}."
    remedy = "List the migrations to see which ones there are."


class MigrationDateInvalid(TallyardError):
    """A migration on a date needs one, and one that is ahead."""

    code = "plan_migration_date_invalid"
    kind = ErrorKind.INVALID
    message = "A migration cannot run on {on_date}."
    remedy = "Give the date to migrate on, in the future, or choose at once or at renewal."


class TermsInvalid(TallyardError):
    """Negotiated terms do not fit the plan's price."""

    code = "terms_invalid"
    kind = ErrorKind.INVALID
    message = "The terms cannot hold: “{what}” does not fit the plan's price."
    remedy = "Use the plan's own charges and features, its currency, and tiers with an open end."
