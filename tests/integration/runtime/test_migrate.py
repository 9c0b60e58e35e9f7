"""The schema comes to a database that is new, was made by somebody else, or is up to date."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from control_plane.runtime.migrate import migrate, pending_migrations
from control_plane.runtime.settings import Settings
from tests.support import cluster as clusters


@pytest.fixture
def unmade(cluster: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings that name a database which is not there yet."""
    settings = clusters.settings_for_new(tmp_path)
    clusters.drop_database(settings)
    yield settings
    clusters.drop_database(settings)


def owner_of(settings: Settings) -> str:
    with psycopg.connect(settings.database_url) as connection:
        row = connection.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return row[0]


def test_a_database_that_is_missing_is_created(unmade):
    migrate(unmade)

    assert pending_migrations(unmade) == ()
    assert owner_of(unmade) == "tallyard_owner"


def test_a_database_that_an_administrator_created_becomes_ours(unmade):
    name = unmade.database_url.rsplit("/", 1)[1]
    with psycopg.connect(
        unmade.database_url.rsplit("/", 1)[0] + "/postgres", autocommit=True
    ) as administrator:
        administrator.execute(f"CREATE DATABASE {name}")

    migrate(unmade)

    assert pending_migrations(unmade) == ()
    assert owner_of(unmade) == "tallyard_owner"


def test_migrating_again_changes_nothing(unmade):
    migrate(unmade)
    migrate(unmade)

    assert pending_migrations(unmade) == ()
