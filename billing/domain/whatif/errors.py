"""What the what-if engine refuses, and why."""

from control_plane.catalog.errors import FileInvalid
from control_plane.kernel.errors import ErrorKind, TallyardError


class ScenarioInvalid(FileInvalid):
    """The scenario is wrong."""

    code = "scenario_invalid"
    message = "The scenario has {count} problem(s), listed by line and column."
    remedy = "Correct it at the lines listed, and run it again."


class HistoryEmpty(TallyardError):
    """A stretch of history ends before it begins."""

    code = "history_empty"
    kind = ErrorKind.INVALID
    message = "There is no time between {start} and {end}."
    remedy = "Give an end that is after the start."


class DayOutOfReach(TallyardError):
    """A day has no instants that a calendar of four-digit years can name."""

    code = "day_out_of_reach"
    kind = ErrorKind.INVALID
    message = "“{value}” is too far away."
    remedy = "Give days of the years 1900 to 9000."


class HistoryTooLong(TallyardError):
    """What goes over all organisations takes longer than an answer may."""

    code = "history_too_long"
    kind = ErrorKind.INVALID
    message = "Going over all organisations takes longer than the {seconds} s an answer may take."
    remedy = "Run `{command}` in the shell, which takes the time it needs."
