"""Exports of instances: files that were restored once before anything is removed."""

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from provisioner.errors import ExportDamaged
from provisioner.ports import InstanceRef

MANIFEST = "manifest.json"
_CHUNK = 1_048_576


def verify_export(file: Path, ref: InstanceRef, module: str) -> str:
    """Restore an export into a folder of its own and check it; return the file's SHA-256.

    Every file must have the digest that the manifest names, every database must pass SQLite's
    integrity check, and its tables must hold as many rows as the manifest says.

    Raises:
        ExportDamaged: it is another instance's, or cannot be restored.
    """
    with tempfile.TemporaryDirectory(prefix="restore-", dir=file.parent) as folder:
        try:
            _restore(file, Path(folder))
            manifest = json.loads((Path(folder) / MANIFEST).read_text(encoding="utf-8"))
            _check_identity(manifest, ref, module)
            _check_files(manifest["files"], Path(folder))
            _check_rows(manifest["tables"], Path(folder), manifest["files"])
        except _Damage as damage:
            raise ExportDamaged(file=file.name, reason=str(damage)) from damage
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ExportDamaged(file=file.name, reason=f"unreadable: {error}") from error
        except (zipfile.BadZipFile, sqlite3.Error) as error:
            raise ExportDamaged(file=file.name, reason=str(error)) from error
    return _sha256(file)


def keep_export(draft: Path, final: Path) -> None:
    """Move a checked export to its place, so that a power failure cannot take it back."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class _Damage(Exception):
    """What a check found."""


def _restore(file: Path, folder: Path) -> None:
    with zipfile.ZipFile(file) as bundle:
        for entry in bundle.infolist():
            name = Path(entry.filename)
            if name.name != entry.filename:
                raise _Damage(f"{entry.filename} does not stay in its folder")
            with bundle.open(entry) as source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target, _CHUNK)


def _check_identity(manifest: Mapping[str, Any], ref: InstanceRef, module: str) -> None:
    wanted = {"tenant": ref.tenant_text, "instance": ref.instance_text, "module": module}
    for name, value in wanted.items():
        if manifest[name] != value:
            raise _Damage(f"it is of the {name} {manifest[name]}")


def _check_files(files: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    if not files:
        raise _Damage("it holds no files")
    for name, facts in files.items():
        if _sha256(folder / Path(name).name) != facts["sha256"]:
            raise _Damage(f"{name} is not what the manifest says")


def _check_rows(tables: Mapping[str, int], folder: Path, files: Mapping[str, object]) -> None:
    found: dict[str, int] = {}
    for name in files:
        with closing(sqlite3.connect(folder / Path(name).name)) as copy:
            if copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise _Damage(f"{name} fails SQLite's integrity check")
            for (table,) in copy.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall():
                counting = f'SELECT count(*) FROM "{table}"'  # noqa: S608 - a name of its schema
                found[table] = copy.execute(counting).fetchone()[0]
    if found != dict(tables):
        raise _Damage("its tables do not hold the rows that the manifest counts")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
