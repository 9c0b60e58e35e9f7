"""Refusals on the command line: the sentence, the remedy, and status 1. No traceback."""

import functools
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from control_plane.kernel.errors import TallyardError
from web.i18n import negotiate
from web.problems import problem_of

P = ParamSpec("P")
R = TypeVar("R")


def shell_language() -> str:
    """Give the reader's language from ``LC_ALL``, ``LC_MESSAGES`` or ``LANG``."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    found = next((os.environ[name] for name in names if os.environ.get(name)), "en")
    return negotiate(found.split(".")[0])


def refusals(function: Callable[P, R]) -> Callable[P, R]:
    """Turn a `TallyardError` into words on stderr and status 1."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TallyardError as error:
            problem = problem_of(error, language=shell_language())
            click.secho(problem.detail, fg="red", err=True)
            for entry in problem.errors:
                click.echo(f"  {entry.field}  {entry.message}".rstrip(), err=True)
            click.echo(problem.remedy, err=True)
            raise SystemExit(1) from error

    return wrapper
