"""Test vectors, as they lie in their files."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

SUITES = (
    "envelopes",
    "keyrings",
    "snapshots",
    "heartbeats",
    "decisions",
    "quotas",
    "states",
    "lease_answers",
    "lease_sizes",
    "lease_statuses",
    "leases",
)
_NAME_OF_REFERENCE = "$ref"


@dataclass(frozen=True, slots=True)
class Case:
    """One question to a client, and the only right answer."""

    suite: str
    name: str
    input: Any
    expected: Any


def cases(suite: str) -> Iterator[Case]:
    """Yield the cases of a suite in their order, with what they share filled in."""
    text = (files(__package__) / "vectors" / f"{suite}.json").read_text("utf-8")
    document = json.loads(text)
    shared = document["shared"]
    for case in document["cases"]:
        yield Case(suite, case["name"], _filled(case["input"], shared), case["expected"])


def _filled(value: Any, shared: Mapping[str, Any]) -> Any:
    """Put what is shared in the place of ``{"$ref": name}``."""
    if isinstance(value, list):
        return [_filled(item, shared) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {_NAME_OF_REFERENCE}:
        return shared[value[_NAME_OF_REFERENCE]]
    return {name: _filled(item, shared) for name, item in value.items()}
