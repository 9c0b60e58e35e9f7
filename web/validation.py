"""What is wrong with an input, in the reader's language: the field, its value, and why.

The framework finds what is missing, unknown or of another type, and says so in English sentences of
its own; here they become ours.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from litestar import Request
from litestar.exceptions import ValidationException
from litestar.utils.scope.state import ScopeState

from web.i18n import N_, translate

LONGEST_VALUE: Final = 200
_UNTOLD: Final = re.compile("password|secret|token", re.IGNORECASE)
_MISSING: Final = N_("The field “{field}” is missing.")
_SENTENCES: Final = (
    (re.compile(r"Object missing required field `(?P<field>[^`]+)`"), _MISSING),
    (re.compile(r"Missing required \w+ parameter '(?P<field>[^']+)'"), _MISSING),
    (
        re.compile(r"Object contains unknown field `(?P<field>[^`]+)`"),
        N_("There is no field “{field}” here."),
    ),
    (
        re.compile(r"Expected `(?P<expected>[^`]+)`, got `(?P<found>[^`]+)`"),
        N_("Expected {expected}, found {found}."),
    ),
    (re.compile(r"Invalid RFC3339 encoded date$"), N_("This is not a date such as 2026-06-18.")),
)


def faults(
    error: ValidationException, request: Request[Any, Any, Any] | None, language: str
) -> Iterator[tuple[str, str, Any]]:
    """Yield the field, the sentence and the value (where it may be told) of each fault."""
    listed = error.extra if isinstance(error.extra, list) else [{"message": error.detail}]
    for entry in listed:
        if isinstance(entry, dict):
            field, sentence = _say(
                str(entry.get("key", "")), str(entry.get("message", "")), language
            )
            yield field, sentence, _value(request, field)


def _say(key: str, message: str, language: str) -> tuple[str, str]:
    for pattern, sentence in _SENTENCES:
        found = pattern.search(message)
        if found is not None:
            parts = found.groupdict()
            place = "" if key == "data" else key
            name = ".".join(filter(None, (place, parts.get("field", ""))))
            return name or key, translate(language, sentence, **parts)
    return key, message


def _value(request: Request[Any, Any, Any] | None, field: str) -> Any:
    """Find what was sent for a field; secrets are never told back, long values not in full."""
    if request is None or _UNTOLD.search(field):
        return None
    value = request.query_params.get(field)
    if value is None:
        value = _inside(_document(request), field)
    return value[:LONGEST_VALUE] if isinstance(value, str) else value


def _document(request: Request[Any, Any, Any]) -> Any:
    body = ScopeState.from_scope(request.scope).body
    if not isinstance(body, bytes):
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None


def _inside(document: Any, field: str) -> Any:
    for part in re.findall(r"[^.\[\]]+", field):
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document
