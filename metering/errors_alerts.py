"""What can be wrong with the settings of usage alerts."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class AlertThresholdsInvalid(TallyardError):
    """The thresholds are no percentages, or too many."""

    code = "alert_thresholds_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” are no thresholds of usage."
    remedy = "Give up to {most} whole percentages from 1 to {largest}."
