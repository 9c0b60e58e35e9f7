"""What may be wrong with a question about usage."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class GroupingTooWide(TallyardError):
    """Usage by properties that no rollup holds is asked for over too long a period."""

    code = "grouping_too_wide"
    kind = ErrorKind.INVALID
    message = (
        "Usage by {properties} has to be read from the events: "
        "at most {days} days and {windows} windows at once."
    )
    remedy = "Ask for a shorter period, or have the meter's “dimensions” list the properties."


class TooManyGroups(TallyardError):
    """Usage is asked for by more properties than are told apart."""

    code = "too_many_groups"
    kind = ErrorKind.INVALID
    message = "Usage is grouped by at most {largest} properties, each named once."
    remedy = "Leave some of the properties out."


class InvalidUsageFilter(TallyardError):
    """A filter of usage is no property and value."""

    code = "invalid_usage_filter"
    kind = ErrorKind.INVALID
    message = "“{value}” is no filter of usage."
    remedy = "Write a property, an equals sign and a value, such as endpoint=/v1/orders."
