"""A database that is away is no fault of ours, and says so: try again."""

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from web.problems import json_problem, problem_of


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("statement", {}, psycopg.errors.AdminShutdown("bye")),
        OperationalError("statement", {}, psycopg.errors.DiskFull("no room")),
        psycopg.OperationalError("connection refused"),
        PoolExhausted("QueuePool limit reached"),
    ],
)
def test_the_loss_of_the_database_is_told_with_when_to_try_again(error):
    problem = problem_of(error, language="en")

    assert (problem.status, problem.code) == (503, "database_unavailable")
    assert json_problem(problem, error).headers["Retry-After"] == "1"


def test_what_the_database_refused_is_a_fault_of_ours():
    refused = IntegrityError("statement", {}, psycopg.errors.NotNullViolation("null"))

    assert problem_of(refused, language="en").status == 500
