"""The words of every message: ``words/<template>.<language>.txt``, its first line the subject."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from control_plane.notifications.errors import TemplateFieldMissing, TemplateNotFound

_WORDS = files("control_plane.notifications") / "words"
_FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """Subject and body of a message."""

    subject: str
    body: str


@cache
def template_names() -> frozenset[str]:
    """Return the names of the messages there are."""
    return frozenset(file.name.partition(".")[0] for file in _WORDS.iterdir())


def render(template: str, language: str, fields: Mapping[str, object]) -> Words:
    """Fill a message in; English where the language is not spoken.

    Raises:
        TemplateNotFound: nobody wrote such a message.
        TemplateFieldMissing: ``fields`` lacks something the message says.
    """
    words = _load(template, language) or _load(template, _FALLBACK)
    if words is None:
        known = ", ".join(sorted(template_names()))
        raise TemplateNotFound(template=template, known=known)
    try:
        return Words(words.subject.format_map(fields), words.body.format_map(fields))
    except KeyError as error:
        raise TemplateFieldMissing(template=template, name=str(error.args[0])) from error


@cache
def _load(template: str, language: str) -> Words | None:
    if template not in template_names():
        return None
    file = _WORDS / f"{template}.{language}.txt"
    if not file.is_file():
        return None
    subject, _, body = file.read_text("utf-8").partition("\n")
    return Words(subject, body.lstrip("\n"))
