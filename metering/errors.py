"""Why an event, or a whole delivery of events, is refused."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class EventRefused(TallyardError, abstract=True):
    """One event cannot be used; the others of its delivery are not concerned."""

    kind = ErrorKind.INVALID


class EventNotObject(EventRefused):
    """An event is a list, a text or a number instead of an object."""

    code = "event_not_object"
    message = "The event is not a JSON object."
    remedy = "Send each event as a CloudEvents 1.0 object."


class EventUnreadable(EventRefused):
    """An event cannot be read, for a reason of its own."""

    code = "event_unreadable"
    message = "The event cannot be read: {detail}"
    remedy = "Send each event as a CloudEvents 1.0 object."


class SpecVersionUnsupported(EventRefused):
    """An event follows another version of CloudEvents."""

    code = "specversion_unsupported"
    message = "The CloudEvents version {value} is not supported."
    remedy = "Set “specversion” to “1.0”."


class AttributeMissing(EventRefused):
    """An event lacks something it cannot be used without."""

    code = "attribute_missing"
    message = "The event has no “{attribute}”."
    remedy = "Add the attribute “{attribute}”."


class AttributeInvalid(EventRefused):
    """An attribute is no text, empty, or too long."""

    code = "attribute_invalid"
    message = "The event's “{attribute}” is not a text of 1 to {longest} characters."
    remedy = "Write “{attribute}” as a text of 1 to {longest} characters."


class EventTimeInvalid(EventRefused):
    """The time of an event is no instant."""

    code = "time_invalid"
    message = "“{value}” is not a time with its offset."
    remedy = "Write the time as in RFC 3339, such as 2026-01-10T02:00:00Z."


class EventInFuture(EventRefused):
    """An event claims to happen later than now."""

    code = "time_in_future"
    message = "The event's time {time} lies more than {tolerance} minutes after {now}."
    remedy = "Set the sender's clock right and send the event again."


class EventTooLate(EventRefused):
    """An event is older than its meter takes."""

    code = "event_too_late"
    message = "The event is of {time}; the meter “{meter}” takes none older than {days} day(s)."
    remedy = "Report usage in time. What is too late is settled by hand: ask your vendor."


class ContentTypeUnsupported(EventRefused):
    """The data of an event is not JSON."""

    code = "content_type_unsupported"
    message = "The data of type “{value}” cannot be read."
    remedy = "Send the data as a JSON object and “datacontenttype” as “application/json”."


class DataNotObject(EventRefused):
    """The data of an event is not an object."""

    code = "data_not_object"
    message = "The event's data is not a JSON object."
    remedy = "Send “data” as an object with the properties that its meters read."


class DataTooLarge(EventRefused):
    """The data of an event is too long."""

    code = "data_too_large"
    message = "The event's data has {size} bytes; at most {largest} are kept."
    remedy = "Send only what is metered, and put documents elsewhere."


class DataTooDeep(EventRefused):
    """The data of an event is nested too deeply."""

    code = "data_too_deep"
    message = "The event's data is nested more than {deepest} levels deep."
    remedy = "Send flatter data."


class NumberOutOfRange(EventRefused):
    """A number is not finite, or has more digits than are kept exactly."""

    code = "number_out_of_range"
    message = (
        "The event's data holds a number that is not finite, or has more than "
        "{before} digits before or {after} after the point."
    )
    remedy = "Send a smaller or a shorter number."


class TextUnusable(EventRefused):
    """A text holds a NUL character or half a surrogate pair."""

    code = "text_unusable"
    message = "The event holds a text with a NUL character or half a surrogate pair."
    remedy = "Send texts as valid Unicode without NUL characters."


class TakesBackTwo(EventRefused):
    """An event both corrects and retracts."""

    code = "takes_back_two"
    message = "The event has both “corrects” and “retracts”; it may take back one event only."
    remedy = "Send one event for each that is to be taken back."


class TakesBackItself(EventRefused):
    """An event names itself as what it takes back."""

    code = "takes_back_itself"
    message = "The event “{id}” takes back itself."
    remedy = "Give the event an id of its own, and name the one that it takes back."


class UnknownMeter(EventRefused):
    """No meter counts events of this type."""

    code = "unknown_meter"
    message = "No meter counts events of the type “{type}”."
    remedy = "Use an event type that one of the catalogue's meters names."


class PropertyMissing(EventRefused):
    """The property that a meter sums is not there."""

    code = "property_missing"
    message = "The meter “{meter}” sums “{property}”, which the event's data does not hold."
    remedy = "Add “{property}” to the data."


class PropertyNotQuantity(EventRefused):
    """The property that a meter sums is not a quantity."""

    code = "property_not_quantity"
    message = "The meter “{meter}” sums “{property}”, which is not a quantity of zero or more."
    remedy = "Send “{property}” as a number, or as a text of digits with an optional point."


class EventConflict(TallyardError):
    """Another event has the same source and id."""

    code = "event_conflict"
    kind = ErrorKind.CONFLICT
    message = "Another event with the source “{source}” and the id “{id}” was received before."
    remedy = "Give each event an id of its own; the first one stands."


class AlreadyTakenBack(TallyardError):
    """Another event took the same one back before."""

    code = "already_taken_back"
    kind = ErrorKind.CONFLICT
    message = "The event “{id}” of the source “{source}” was taken back by another event before."
    remedy = "Take back or correct the event that counts now; each is taken back once."


class EventsUnreadable(TallyardError):
    """A delivery is not JSON, so that no single event of it can be told apart."""

    code = "events_unreadable"
    kind = ErrorKind.INVALID
    message = "The body cannot be read as JSON: {detail}"
    remedy = "Send one CloudEvents 1.0 object, or a list of them, as UTF-8 JSON."


class BatchTooLarge(TallyardError):
    """A delivery holds too many events."""

    code = "batch_too_large"
    kind = ErrorKind.INVALID
    message = "The batch holds {size} events; at most {largest} are taken at once."
    remedy = "Send the events in smaller batches."


class IngestOverloaded(TallyardError):
    """More events wait to be committed than this process may hold."""

    code = "ingest_overloaded"
    kind = ErrorKind.UNAVAILABLE
    message = "{waiting} events wait to be stored already."
    remedy = "Send the same events again in a few seconds; none is counted twice."


class IngestInterrupted(TallyardError):
    """The process stopped before the events were stored, or before it knew that they were."""

    code = "ingest_interrupted"
    kind = ErrorKind.UNAVAILABLE
    message = "The events were not confirmed, because the server is stopping."
    remedy = "Send the same events again in a few seconds; none is counted twice."


class InvalidPageMark(TallyardError):
    """A page of events was asked for by something that marks none."""

    code = "invalid_page_mark"
    kind = ErrorKind.INVALID
    message = "“{value}” does not mark a page of events."
    remedy = "Use the mark that came with the previous page, unchanged."


class SeriesTooLong(TallyardError):
    """A usage series would have too many points."""

    code = "series_too_long"
    kind = ErrorKind.INVALID
    message = "The period has {points} points by {window}; at most {largest} are given at once."
    remedy = "Ask for a shorter period, or for days instead of hours."
