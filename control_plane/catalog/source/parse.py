"""From a text to the root of a YAML document, or the reason why not."""

from typing import Any

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault, Problem, describe

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 32


def parse(text: str, problems: list[Problem]) -> Cursor | None:
    """Return the document's root, None when there is none to read."""
    if len(text) > MAX_CHARACTERS:
        problems.append(describe(Fault.TOO_LARGE, 1, 1, "", most=MAX_CHARACTERS))
        return None
    try:
        _check_shape(text, problems)
        root = None if problems else yaml.compose(text, Loader=yaml.SafeLoader)
    except MarkedYAMLError as error:
        place = _place(error.problem_mark or error.context_mark)
        problems.append(describe(Fault.SYNTAX, *place, "", reason=error.problem))
        return None
    except YAMLError as error:
        reason = str(error).splitlines()[0]
        problems.append(describe(Fault.SYNTAX, 1, 1, "", reason=reason))
        return None
    if root is None and not problems:
        problems.append(describe(Fault.EMPTY, 1, 1, ""))
    return None if root is None else Cursor(root, "", problems)


def _check_shape(text: str, problems: list[Problem]) -> None:
    """Refuse aliases and deep nesting, before anything is built from the text.

    With aliases a short file could stand for an endless one, and a fault would
    have two places.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, AliasEvent):
            problems.append(describe(Fault.ALIAS, *_place(event.start_mark), ""))
        elif isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            place = _place(event.start_mark)
            problems.append(describe(Fault.TOO_DEEP, *place, "", most=MAX_DEPTH))
            return


def _place(mark: Any) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
