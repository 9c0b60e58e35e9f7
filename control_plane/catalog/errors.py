"""What the catalogue refuses, and why."""

from collections.abc import Sequence

from control_plane.catalog.source.faults import Fault, Problem
from control_plane.kernel.errors import ErrorKind, TallyardError


class PlanNotFound(TallyardError):
    """No plan of that code is on sale."""

    code = "plan_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no plan “{plan_code}” on sale."
    remedy = "Choose one of the plans listed in the catalogue."


class PlanVersionNotFound(TallyardError):
    """No plan version has that id."""

    code = "plan_version_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no plan version {plan_version_id}."
    remedy = "Choose a version that was published."


class AddonNotFound(TallyardError):
    """No add-on of that code is on sale."""

    code = "addon_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no add-on “{addon_code}” on sale."
    remedy = "Choose one of the add-ons listed in the catalogue."


class AddonVersionNotFound(TallyardError):
    """No add-on version has that id."""

    code = "addon_version_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no add-on version {addon_version_id}."
    remedy = "Choose a version that was published."


class MeterNotFound(TallyardError):
    """No meter has that code."""

    code = "meter_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no meter “{meter_code}”."
    remedy = "Choose one of the meters listed in the catalogue."


class SeasonNotFound(TallyardError):
    """No season has that code."""

    code = "season_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no season “{season_code}”."
    remedy = "Choose one of the seasons listed in the catalogue."


class PriceNotFound(TallyardError):
    """The thing is sold, but not in that currency and interval."""

    code = "price_not_found"
    kind = ErrorKind.INVALID
    message = "“{item}” has no price in {currency} per {interval}."
    remedy = "Choose a currency and interval that the catalogue lists for it."


class FileInvalid(TallyardError, abstract=True):
    """A file is wrong; ``problems`` lists everything found, by position."""

    kind = ErrorKind.INVALID

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        listed = [
            {
                "line": problem.line,
                "column": problem.column,
                "path": problem.path,
                "message": Fault[problem.code.upper()].value,
                "fields": dict(problem.fields),
            }
            for problem in self.problems
        ]
        super().__init__(count=len(listed), errors=listed)


class CatalogInvalid(FileInvalid):
    """The catalogue file is wrong."""

    code = "catalog_invalid"
    message = "The catalogue has {count} problem(s), listed by line and column."
    remedy = "Correct the file at the lines listed, and apply it again."


class PolicyUnknown(TallyardError):
    """No billing policy has that name."""

    code = "policy_unknown"
    kind = ErrorKind.INVALID
    message = "There is no billing policy “{policy}”."
    remedy = "Choose one of {known}."


class PolicyValueUnknown(TallyardError):
    """A billing policy cannot be set to that value."""

    code = "policy_value_unknown"
    kind = ErrorKind.INVALID
    message = "The billing policy “{policy}” cannot be “{value}”."
    remedy = "Choose one of {known}."


class AddonQuantityTooLarge(TallyardError):
    """An add-on cannot be booked so many times at once."""

    code = "addon_quantity_too_large"
    kind = ErrorKind.INVALID
    message = "“{addon_code}” can be booked {most} at a time, not {quantity}."
    remedy = "Book at most {most} at a time."
