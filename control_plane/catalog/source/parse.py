"""From a text to the root of a YAML document, or the reason why not."""

from typing import Any

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import AliasEvent

from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault, Problem, describe


def parse(text: str, problems: list[Problem]) -> Cursor | None:
    """Return the document's root, None when there is none to read.

    Aliases are refused: with them a short file could stand for an endless one,
    and a fault would have two places.
    """
    try:
        problems.extend(
            describe(Fault.ALIAS, *_place(event.start_mark), "")
            for event in yaml.parse(text, Loader=yaml.SafeLoader)
            if isinstance(event, AliasEvent)
        )
        root = None if problems else yaml.compose(text, Loader=yaml.SafeLoader)
    except MarkedYAMLError as error:
        place = _place(error.problem_mark or error.context_mark)
        problems.append(describe(Fault.SYNTAX, *place, "", reason=error.problem))
        return None
    except (YAMLError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        problems.append(describe(Fault.SYNTAX, 1, 1, "", reason=reason))
        return None
    if root is None:
        if not problems:
            problems.append(describe(Fault.EMPTY, 1, 1, ""))
        return None
    return Cursor(root, "", problems)


def _place(mark: Any) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
