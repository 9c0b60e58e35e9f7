"""Refusals on the command line: the sentence, the remedy, and status 1. No traceback."""

import functools
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click
import psycopg
from sqlalchemy.exc import DBAPIError

from control_plane.kernel.errors import ErrorKind, TallyardError
from web.i18n import negotiate
from web.problems import problem_of

P = ParamSpec("P")
R = TypeVar("R")


class DatabaseUnreachable(TallyardError):
    """Nothing can be done without the database, and it refused or did not answer."""

    code = "database_unreachable"
    kind = ErrorKind.UNAVAILABLE
    message = "The database cannot be used: {reason}"
    remedy = "Set TALLYARD_DATABASE_URL to a PostgreSQL 18 that answers, and see `tallyard doctor`."


class SchemaMissing(TallyardError):
    """The database answers, and has no tables of ours, or not all of them."""

    code = "schema_missing"
    kind = ErrorKind.UNAVAILABLE
    message = "The database lacks tables of this version: {reason}"
    remedy = "Run `tallyard migrate`."


def shell_language() -> str:
    """Give the reader's language from ``LC_ALL``, ``LC_MESSAGES`` or ``LANG``."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    found = next((os.environ[name] for name in names if os.environ.get(name)), "en")
    return negotiate(found.split(".")[0])


def refusals(function: Callable[P, R]) -> Callable[P, R]:
    """Turn a `TallyardError`, or a database that is not there, into words and status 1."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TallyardError as error:
            _tell(error)
            raise SystemExit(1) from error
        except (psycopg.Error, DBAPIError) as error:
            _tell(_database_refusal(error))
            raise SystemExit(1) from error

    return wrapper


def _tell(error: TallyardError) -> None:
    problem = problem_of(error, language=shell_language())
    click.secho(problem.detail, fg="red", err=True)
    for entry in problem.errors:
        click.echo(f"  {entry.field}  {entry.message}".rstrip(), err=True)
    click.echo(problem.remedy, err=True)


def _database_refusal(error: psycopg.Error | DBAPIError) -> TallyardError:
    """Tell apart what a person at the shell can mend; any other failure is a fault of ours.

    Raises:
        DBAPIError: it says neither that the database is away nor that it is not migrated.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    reason = str(cause).strip().split("\n", maxsplit=1)[0]
    if isinstance(cause, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return SchemaMissing(reason=reason)
    if isinstance(cause, psycopg.OperationalError):
        return DatabaseUnreachable(reason=reason)
    raise error
