"""The embedded server: starts, keeps its data, and is found again when somebody left it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from control_plane.runtime.postgres import ROOT_HOME, EmbeddedPostgres, stop_leftover


@pytest.fixture
def home() -> Iterator[Path]:
    parent = ROOT_HOME if os.geteuid() == 0 else None
    if parent:
        parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="tests-", dir=parent))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def answer(server: EmbeddedPostgres, statement: str) -> object:
    url = server.url.rsplit("/", 1)[0] + "/postgres"
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def test_what_was_written_is_there_after_a_restart(home):
    first = EmbeddedPostgres(home)
    first.start()
    answer(first, "CREATE TABLE kept (n int)")
    first.stop()

    second = EmbeddedPostgres(home)
    second.start()
    assert answer(second, "SELECT count(*) FROM kept") == (0,)
    second.stop()


def test_a_server_left_behind_is_stopped_and_a_stale_pid_file_is_nobody(home):
    server = EmbeddedPostgres(home)
    server.start()

    assert stop_leftover(home) is True
    with pytest.raises(psycopg.OperationalError):
        answer(server, "SELECT 1")

    (home / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert stop_leftover(home) is False, "this very process is no PostgreSQL of that folder"
