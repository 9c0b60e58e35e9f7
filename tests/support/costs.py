"""What every test pays for and few are about: made cheap once for the process.

A password is hashed with the least that argon2 takes, by the same code; tests of the cost itself
ask for the fixture `production_cost`. A YAML text is scanned once, since the same text always
gives the same nodes, which nobody changes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import SimpleNamespace

import yaml
from argon2 import PasswordHasher

from control_plane.catalog.source import parse
from control_plane.catalog.source.faults import Problem
from control_plane.identity import passwords

PRODUCTION_HASHER = passwords._HASHER
CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_TEXTS = 64
_check_shape = parse._check_shape


def _use(hasher: PasswordHasher) -> None:
    passwords._HASHER = hasher
    passwords._nobody.cache_clear()


@contextmanager
def production_hasher() -> Iterator[PasswordHasher]:
    """Let passwords cost what they cost a person, for the length of the block."""
    _use(PRODUCTION_HASHER)
    yield PRODUCTION_HASHER
    _use(CHEAP_HASHER)


@lru_cache(_TEXTS)
def _sound(text: str) -> None:
    problems: list[Problem] = []
    _check_shape(text, problems)
    if problems:
        raise _Unsound(problems)  # an exception is not remembered


class _Unsound(Exception):
    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems


def _shape_checked(text: str, problems: list[Problem]) -> None:
    try:
        _sound(text)
    except _Unsound as found:
        problems += found.problems


def make_cheap() -> None:
    """Let the tests of this process pay for none of this again and again."""
    _use(CHEAP_HASHER)
    parse._check_shape = _shape_checked
    composed = lru_cache(_TEXTS)(yaml.compose)
    parse.yaml = SimpleNamespace(compose=composed, parse=yaml.parse, SafeLoader=yaml.SafeLoader)
