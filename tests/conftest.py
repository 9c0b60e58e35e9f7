"""Fixtures every suite shares: a real PostgreSQL, a database a test, a clock to move."""

import gc
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher
from hypothesis import settings

from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import TenantId, new_id
from control_plane.runtime.database import Database
from control_plane.runtime.settings import Settings
from control_plane.runtime.unit_of_work import AuthWork, StaffWork, SystemWork, UnitOfWork
from tests.support import cluster as clusters
from tests.support import costs, parts
from tests.support.databases import Databases

# No deadline: a busy machine is no fault. `make test-nightly` asks for more examples.
settings.register_profile(
    "unhurried",
    settings(),
    deadline=None,
    max_examples=int(os.environ.get("TALLYARD_TEST_EXAMPLES", "50")),
)
settings.load_profile("unhurried")

_CLUSTER_KEY = pytest.StashKey[object]()
_MISSING_KEY = pytest.StashKey[dict[str, list[str]]]()


def pytest_configure(config: pytest.Config) -> None:
    costs.make_cheap()
    # Under xdist the controller starts the server, from its main thread, for all workers.
    parallel = getattr(config.option, "numprocesses", None)
    if parallel and clusters.URL_VARIABLE not in os.environ:
        config.stash[_CLUSTER_KEY] = clusters.start_cluster()


def pytest_unconfigure(config: pytest.Config) -> None:
    server = config.stash.get(_CLUSTER_KEY, None)
    if server is not None:
        clusters.stop_cluster(server)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[_MISSING_KEY] = parts.leave_out_what_cannot_run(config, items)


def pytest_collection_finish() -> None:
    # What was imported and collected stays: looking through it again and again is a sixth of a run.
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    # Under CI nothing may be missing and nothing skipped: an unseen test proves nothing.
    if "CI" not in os.environ:
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped or session.config.stash.get(_MISSING_KEY, {}):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing = terminalreporter.config.stash.get(_MISSING_KEY, None)
    if missing is None:  # the controller of a parallel run collects nothing itself
        missing = {name: [] for name, (present, _) in parts.PARTS.items() if not present()}
    for name, tests in missing.items():
        terminalreporter.section(f"NOT RUN: {name}", sep="!", red=True)
        terminalreporter.line(f"This machine lacks {parts.PARTS[name][1]}. Left out:")
        for test in tests or [f"every test marked {name!r}"]:
            terminalreporter.line(f"  {test}")


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> str:
    """The superuser's URL of the run's PostgreSQL server."""
    if clusters.URL_VARIABLE not in os.environ:
        request.config.stash[_CLUSTER_KEY] = clusters.start_cluster()
    return os.environ[clusters.URL_VARIABLE]


@pytest.fixture(scope="session")
def databases(cluster: str) -> Databases:
    """The databases that this process's tests take turns with."""
    return Databases()


@pytest.fixture
def production_cost() -> Iterator[PasswordHasher]:
    """Hash passwords as dearly as for a person; elsewhere tests hash them as cheaply as can be."""
    with costs.production_hasher() as hasher:
        yield hasher


@pytest.fixture
def settings(databases: Databases, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a migrated database with nothing in it."""
    taken = databases.take(tmp_path)
    yield taken
    databases.give_back(taken)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    opened = Database(settings)
    yield opened
    await opened.close()


@pytest.fixture
def work(database: Database) -> UnitOfWork:
    return UnitOfWork(database)


@pytest.fixture
def system(database: Database) -> SystemWork:
    return SystemWork(database)


@pytest.fixture
def staff(database: Database) -> StaffWork:
    return StaffWork(database)


@pytest.fixture
def auth(database: Database) -> AuthWork:
    return AuthWork(database)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 1, 10, 2, 0, tzinfo=UTC))


@pytest.fixture
def admin(settings: Settings) -> Iterator[psycopg.Connection]:
    """A superuser's connection, to look behind row-level security."""
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        yield connection


def _organisation(admin: psycopg.Connection, slug: str) -> TenantId:
    tenant = TenantId(new_id())
    admin.execute(
        "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox, created_at, "
        "state) VALUES (%s, %s, %s, 'Asia/Shanghai', 'en', 'CNY', false, '2026-01-01Z', 'active')",
        [tenant, slug, slug.title()],
    )
    return tenant


@pytest.fixture
def tenant_id(admin: psycopg.Connection) -> TenantId:
    """A live organisation in Asia/Shanghai that pays in CNY."""
    return _organisation(admin, "bella")


@pytest.fixture
def other_tenant_id(admin: psycopg.Connection) -> TenantId:
    """A second organisation, whose data must stay invisible."""
    return _organisation(admin, "rival")
