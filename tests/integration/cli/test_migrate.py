"""From no database at all to a schema that is up to date, and again."""

import psycopg
import pytest

from tests.integration.cli.shell import shell_for
from tests.support import cluster as clusters


@pytest.fixture
def nowhere(cluster, tmp_path):
    """Settings that name a database which does not exist yet."""
    settings = clusters.settings_for_new(tmp_path)
    yield settings
    clusters.drop_database(settings)


def tables(settings) -> set[str]:
    with psycopg.connect(settings.database_url) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in found}


def test_migrating_makes_the_database_and_doing_it_again_changes_nothing(nowhere):
    tallyard = shell_for(nowhere)

    missing = tallyard("doctor")
    first = tallyard("migrate")
    made = tables(nowhere)
    second = tallyard("migrate")
    found = tallyard("doctor")

    assert missing.status == 1
    assert "✗ schema" in missing.out
    assert "→ run `tallyard migrate`" in missing.out
    assert (first.status, second.status) == (0, 0), first.err + second.err
    assert first.out == second.out == "The schema is up to date (0 pending).\n"
    assert {"organisations", "invoices", "usage_events", "instances"} <= made
    assert tables(nowhere) == made
    assert found.status == 0
    assert "✓ schema" in found.out


def test_without_a_server_or_its_tables_verbs_are_refused_with_what_to_do(tallyard, cluster):
    away = "postgresql://postgres@127.0.0.1:9/tallyard"
    empty = cluster.rsplit("/", 1)[0] + "/postgres"

    migrating = tallyard("migrate", TALLYARD_DATABASE_URL=away)
    showing = tallyard("catalog", "show", TALLYARD_DATABASE_URL=empty)

    assert (migrating.status, showing.status) == (1, 1)
    assert migrating.err.startswith("The database cannot be used: ")
    assert "Set TALLYARD_DATABASE_URL" in migrating.err
    assert showing.err.startswith("The database lacks tables of this version: ")
    assert showing.err.endswith("Run `tallyard migrate`.\n")
