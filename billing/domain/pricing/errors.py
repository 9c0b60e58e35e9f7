"""What cannot be priced, and why."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class MatrixPriceMissing(TallyardError):
    """Usage has a combination of properties that a matrix price does not list."""

    code = "matrix_price_missing"
    kind = ErrorKind.CONFLICT
    message = "The charge “{charge}” has no price for {combination}."
    remedy = "Agree a price for it with the customer, or correct the events, and resume billing."
