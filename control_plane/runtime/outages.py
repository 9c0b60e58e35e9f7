"""Tells a database that is away, or out of room, from a fault of ours."""

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from control_plane.kernel.errors import ErrorKind, TallyardError


class DatabaseUnavailable(TallyardError):
    """The database stopped, refused, ran out of room, or lost the connection."""

    code = "database_unavailable"
    kind = ErrorKind.UNAVAILABLE
    message = "The database cannot be used now. What was not confirmed may not be stored."
    remedy = (
        "Send the same again in a few seconds; what was stored after all does not happen twice."
    )


def outage(error: BaseException) -> DatabaseUnavailable | None:
    """Return the refusal that stands for the loss of the database; None for any other error."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    lost = isinstance(cause, psycopg.OperationalError | PoolExhausted) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )
    return DatabaseUnavailable() if lost else None
