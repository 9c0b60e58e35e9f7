"""The export: the instance's whole database in one zip file that proves itself."""

import hashlib
import json
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

from control_plane.kernel.clock import Clock
from control_plane.kernel.instants import instant_text
from inventory_modules.chassis.service import DATABASE_FILE
from inventory_modules.chassis.settings import Settings

FORMAT = 1
_PREFIX = "export-"
_CHUNK = 262_144


def write_export(settings: Settings, clock: Clock) -> Path:
    """Write the zip file into a folder of its own under the data folder and return its path.

    It holds ``data.sqlite3``, a copy as of one transaction, and ``manifest.json``: the SHA-256 and
    size of every other file, and the row count of every table in the copy.
    """
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=settings.data_dir))
    copy = folder / DATABASE_FILE
    with closing(sqlite3.connect(settings.data_dir / DATABASE_FILE)) as source:
        source.execute("VACUUM INTO ?", (str(copy),))
    manifest = {
        "format": FORMAT,
        "tenant": settings.tenant_id,
        "instance": settings.instance_id,
        "module": settings.module,
        "exported_at": instant_text(clock.now()),
        "files": {DATABASE_FILE: {"sha256": _sha256(copy), "bytes": copy.stat().st_size}},
        "tables": _row_counts(copy),
    }
    archive = folder / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("manifest.json", json.dumps(manifest, indent=2, sort_keys=True))
        bundle.write(copy, DATABASE_FILE)
    return archive


async def stream_and_remove(archive: Path) -> AsyncIterator[bytes]:
    """Yield an export's bytes, then remove it with its folder, sent whole or not."""
    try:
        with archive.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    finally:
        shutil.rmtree(archive.parent, ignore_errors=True)


def remove_leftovers(data_dir: Path) -> None:
    """Remove what an export that was cut short left behind."""
    for folder in data_dir.glob(f"{_PREFIX}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _row_counts(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as copy:
        tables = copy.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: int(copy.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608 - names from the schema itself
            for (name,) in sorted(tables)
        }
