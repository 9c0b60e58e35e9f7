"""What taxation refuses, and why."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class TaxNumberInvalid(TallyardError):
    """A tax number has not the form, or not the check digits, of its country's."""

    code = "tax_number_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a tax number of {country}."
    remedy = "Check the digits and the country."


class TaxRateMissing(TallyardError):
    """A sale is taxed in a jurisdiction for which no rate is known."""

    code = "tax_rate_missing"
    kind = ErrorKind.CONFLICT
    message = "There is no tax rate in {jurisdiction} for “{category}” on {on}."
    remedy = "Add the rate to the tax file, apply it with `tallyard tax apply`, and resume billing."
