"""A database for every test: emptied and handed on, since copying one costs half a second.

A test that changed the schema leaves a database that nobody gets again, and so does one that
filled it; all others are as they were copied from the template: the same rows of the migrations
and nothing else, sequences at their start, no connection open.
"""

from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from control_plane.runtime.settings import Settings
from tests.support import cluster as clusters

MOST_USES = 40  # what was deleted still lies in the files
MOST_BYTES = 40_000_000
_CATALOGUES = (
    "pg_attribute pg_attrdef pg_class pg_constraint pg_index pg_namespace pg_policy pg_proc "
    "pg_rewrite pg_trigger pg_type"
).split()
_SCHEMA = " UNION ALL ".join(
    # Every change of a definition writes its row anew, under a later transaction's number;
    # one that is dropped is one fewer.
    f"SELECT concat_ws(' ', '{name}', count(*), max(xmin::text::bigint)) FROM {name}"
    for name in _CATALOGUES
)
_FINGERPRINT = (
    "SELECT string_agg(state, ', ' ORDER BY state), pg_database_size(current_database()), "
    "(SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase "
    f"WHERE d.datname = current_database()) FROM ({_SCHEMA}) AS definitions (state)"
)
_TABLES = (
    "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind = 'r' "
    "AND relnamespace = 'public'::regnamespace ORDER BY 1"
)
_ALONE = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_SEQUENCES = (
    "SELECT seqrelid::regclass::text, pg_sequence_last_value(seqrelid) FROM pg_sequence "
    "WHERE pg_sequence_last_value(seqrelid) IS NOT NULL"
)
_RESET = (
    "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence "
    "WHERE pg_sequence_last_value(seqrelid) IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Contents:
    """All rows of a database, to be put into another; costly worlds are made once so."""

    rows: dict[str, bytes]
    sequences: list[tuple[str, int]]

    @classmethod
    def of(cls, connection: psycopg.Connection) -> "Contents":
        """Take down what there is."""
        tables = [row[0] for row in connection.execute(_TABLES)]
        rows = {table: _copied(connection, table) for table in _filled(connection, tables)}
        return cls(rows, connection.execute(_SEQUENCES).fetchall())

    def put(self, connection: psycopg.Connection) -> None:
        """Replace whatever the database holds."""
        tables = [row[0] for row in connection.execute(_TABLES)]
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            for table in {*_filled(connection, tables), *self.rows}:
                _replace(connection, table, self.rows.get(table))
            for name, last in self.sequences:
                connection.execute("SELECT setval(%s, %s)", [name, last])


@dataclass(slots=True)
class _Pristine:
    """What a database is like before anybody used it."""

    fingerprint: str
    tables: list[str]
    rows: dict[str, bytes]

    @classmethod
    def of(cls, connection: psycopg.Connection) -> "_Pristine":
        tables = [row[0] for row in connection.execute(_TABLES)]
        filled = _filled(connection, tables)
        rows = {table: _copied(connection, table) for table in filled}
        return cls(_looked_at(connection)[0], tables, rows)


@dataclass(slots=True)
class Databases:
    """The databases of one worker process, each in one test's hands or in nobody's."""

    _pristine: _Pristine | None = None
    _free: list[str] = field(default_factory=list)
    _uses: dict[str, int] = field(default_factory=dict)

    def take(self, var_dir: Path) -> Settings:
        """Give settings of a freshly migrated database."""
        if self._free:
            return clusters.settings_for(self._free.pop(), var_dir)
        made = clusters.create_database(var_dir)
        if self._pristine is None:
            with psycopg.connect(made.database_url, autocommit=True) as connection:
                self._pristine = _Pristine.of(connection)
        return made

    def give_back(self, settings: Settings) -> None:
        """Empty a database for the next test, or drop it where that is not enough."""
        name = settings.database_url.rsplit("/", 1)[1]
        self._uses[name] = self._uses.get(name, 0) + 1
        if self._uses[name] < MOST_USES and self._emptied(settings):
            self._free.append(name)
        else:
            clusters.drop_database(settings)

    def _emptied(self, settings: Settings) -> bool:
        assert self._pristine is not None
        with psycopg.connect(settings.database_url, autocommit=True) as connection:
            connection.execute(_ALONE)
            fingerprint, size, own_settings = _looked_at(connection)
            if fingerprint != self._pristine.fingerprint or own_settings or size > MOST_BYTES:
                return False
            connection.execute("SET session_replication_role = replica")  # no trigger, no key
            with connection.transaction():
                for table in _filled(connection, self._pristine.tables):
                    self._restore(connection, table)
                connection.execute(_RESET)
        return True

    def _restore(self, connection: psycopg.Connection, table: str) -> None:
        assert self._pristine is not None
        expected = self._pristine.rows.get(table)
        if expected is None or _copied(connection, table) != expected:
            _replace(connection, table, expected)


def _looked_at(connection: psycopg.Connection) -> tuple[str, int, int]:
    found = connection.execute(_FINGERPRINT).fetchone()
    assert found is not None
    return found[0], found[1], found[2]


def _filled(connection: psycopg.Connection, tables: list[str]) -> list[str]:
    """Name the tables that have rows."""
    asked = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables
    )
    return [row[0] for row in connection.execute(asked)]


def _replace(connection: psycopg.Connection, table: str, rows: bytes | None) -> None:
    connection.execute(sql.SQL("DELETE FROM {}").format(sql.SQL(table)))
    if rows is not None:
        written = sql.SQL("COPY {} FROM STDIN").format(sql.SQL(table))
        with connection.cursor().copy(written) as copy:
            copy.write(rows)


def _copied(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.SQL(table))) as copy:
        return b"".join(bytes(part) for part in copy)
