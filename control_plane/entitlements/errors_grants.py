"""What granting and overriding features refuses, and why."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class FeatureNotFound(TallyardError):
    """The catalogue on sale has no such feature."""

    code = "feature_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no feature “{feature}”."
    remedy = "Choose a feature of the catalogue."


class GrantInvalid(TallyardError):
    """A grant or override cannot be so."""

    code = "grant_invalid"
    kind = ErrorKind.INVALID
    message = "The {what} cannot be {value}."
    remedy = "See “Features” in the documentation for what fits a feature."


class GrantNotFound(TallyardError):
    """There is no such grant or override that goes on."""

    code = "grant_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no grant or override {id} that could be ended."
    remedy = "List the customer's grants and overrides."
