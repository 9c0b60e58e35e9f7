"""Manifests: what a module is, for the people and programs that catalogue and start it."""

from pathlib import Path

import msgspec
import yaml

_ROOT = Path(__file__).resolve().parents[1]


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name in both languages."""

    en: str
    zh: str


class UsageEventType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A CloudEvents type that the module sends, and the members of its data."""

    type: str
    data: tuple[str, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A module's description.

    ``feature`` is the boolean feature that opens it (none for the ledger, which is never sold),
    ``daily_limit`` the limit feature that it counts against, ``peers`` the modules whose addresses
    it needs, ``service_scopes`` what its service token must allow.
    """

    module: str
    name: Name
    summary: Name
    feature: str | None = None
    daily_limit: str | None = None
    peers: tuple[str, ...] = ()
    service_scopes: tuple[str, ...] = ()
    usage_events: tuple[UsageEventType, ...] = ()
    routes: tuple[str, ...] = ()


def load_manifest(code: str) -> Manifest:
    """Read ``<module>/manifest.yaml``.

    Raises:
        FileNotFoundError: there is no such module.
        msgspec.ValidationError: the file is not a manifest.
    """
    text = (_ROOT / code / "manifest.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), Manifest)
