"""The PostgreSQL server that one test run shares, and fresh databases on it."""

import fcntl
import os
import shutil
import tempfile
import uuid
from pathlib import Path

import psycopg
from psycopg import sql

from control_plane.runtime.migrate import migrate
from control_plane.runtime.postgres import ROOT_HOME, EmbeddedPostgres
from control_plane.runtime.settings import Settings

URL_VARIABLE = "TALLYARD_TEST_CLUSTER_URL"
SECRET = "only-for-tests"
# Tests never lose power: what a crash of the machine would cost is not their subject.
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "scram_iterations": "1",
}
DURABLE = {"max_connections": "300", "shared_buffers": "256MB", "max_wal_size": "4GB"}


def start_cluster(*, durable: bool = False) -> EmbeddedPostgres:
    """Start a server in a folder of its own, and tell worker processes about it.

    Benchmarks measure a ``durable`` one: what they time must include the fsync.
    """
    parent = ROOT_HOME if os.geteuid() == 0 else None
    if parent:
        parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="tests-", dir=parent))
    home.chmod(0o755)
    server = EmbeddedPostgres(home, settings=DURABLE if durable else FAST)
    server.start()
    os.environ[URL_VARIABLE] = server.url
    return server


def stop_cluster(server: EmbeddedPostgres) -> None:
    remove(server)
    os.environ.pop(URL_VARIABLE, None)


def remove(server: EmbeddedPostgres) -> None:
    """Stop a server, and delete its files."""
    server.stop()
    shutil.rmtree(server.home, ignore_errors=True)


def settings_for(name: str, var_dir: Path) -> Settings:
    """Settings of a process that works on the database ``name`` of this run's server."""
    url = os.environ[URL_VARIABLE].rsplit("/", 1)[0] + f"/{name}"
    return Settings(
        database_url=url,
        secret_key=SECRET,
        var_dir=var_dir,
        signing_key_path=var_dir / "signing_key.pem",
        pool_size=4,
    )


def settings_for_new(var_dir: Path) -> Settings:
    """Settings for a database that no other test of any worker process can name."""
    return settings_for(f"t_{uuid.uuid4().hex[:20]}", var_dir)


def create_database(var_dir: Path) -> Settings:
    """Give a freshly migrated database of its own, copied from a template."""
    with (Path(tempfile.gettempdir()) / f"tallyard-template-{_server_port()}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _ensure_template(var_dir)
    settings = settings_for_new(var_dir)
    with _admin() as connection:
        connection.execute(
            sql.SQL(
                "CREATE DATABASE {} TEMPLATE template_tallyard OWNER tallyard_owner "
                "STRATEGY FILE_COPY"
            ).format(sql.Identifier(_name(settings)))
        )
    return settings


def drop_database(settings: Settings) -> None:
    with _admin() as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(_name(settings))
            )
        )


def _name(settings: Settings) -> str:
    return settings.database_url.rsplit("/", 1)[1]


def _ensure_template(var_dir: Path) -> None:
    with _admin() as connection:
        known = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = 'template_tallyard'"
        ).fetchone()
    if known:
        return
    building = settings_for("template_building", var_dir)
    drop_database(building)
    migrate(building)
    with _admin() as connection:
        connection.execute("ALTER DATABASE template_building RENAME TO template_tallyard")


def _admin() -> psycopg.Connection:
    url = os.environ[URL_VARIABLE].rsplit("/", 1)[0] + "/postgres"
    return psycopg.connect(url, autocommit=True)


def _server_port() -> str:
    return os.environ[URL_VARIABLE].rsplit(":", 1)[1].split("/")[0]
