"""Why a source of usage cannot be read, or a row of it cannot be used."""

from control_plane.kernel.errors import ErrorKind, TallyardError
from metering.errors import EventRefused


class RowMisshapen(EventRefused):
    """A row of a file has more or fewer cells than its header."""

    code = "row_misshapen"
    message = "The row has {found} cell(s) where the header has {wanted}."
    remedy = "Write one cell per column; quote cells that hold the separator."


class RowUnreadable(EventRefused):
    """A row of a file holds what no event can hold."""

    code = "row_unreadable"
    message = "The row cannot be read: {reason}"
    remedy = "Write the file in UTF-8, with texts, numbers, times, lists and objects only."


class FileUnreadable(TallyardError):
    """A file is not what it is taken for."""

    code = "import_file_unreadable"
    kind = ErrorKind.INVALID
    message = "The file {file} cannot be read as {form}: {reason}"
    remedy = "Name its form with --format, or write it anew."


class ColumnMissing(TallyardError):
    """A column that was named is not in the file."""

    code = "import_column_missing"
    kind = ErrorKind.INVALID
    message = "The file has no column “{column}”; it has {columns}."
    remedy = "Correct the option --column."


class TargetUnknown(TallyardError):
    """An option puts a value where no event has one."""

    code = "import_target_unknown"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a part of an event."
    remedy = "Use one of {known}, or data.<property>, as in --column time=created_at."
