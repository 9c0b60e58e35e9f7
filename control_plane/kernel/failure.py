"""Why work of ours failed, kept so that everybody reads it in their own language later on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from control_plane.kernel.errors import TallyardError, concrete_errors
from control_plane.kernel.said import Said

_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure by the ``name`` of its exception.

    A refusal of ours has its ``code`` and the values that its sentence is filled with; anything
    else has a ``text``, as it was raised.
    """

    name: str
    text: str
    code: str | None = None
    fields: Mapping[str, str | int] | None = None

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """Describe an exception."""
        name, text = type(error).__name__, str(error)[:_LONGEST]
        if not isinstance(error, TallyardError):
            return cls(name, text)
        fields = {key: _plain(value) for key, value in error.fields.items()}
        return cls(name, text, error.code, fields)

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "Failure":
        """Read what `body` wrote."""
        return cls(body["name"], body["text"], body["code"], body["fields"])

    def body(self) -> dict[str, Any]:
        """Write the failure as JSON values."""
        fields = None if self.fields is None else dict(self.fields)
        return {"name": self.name, "text": self.text, "code": self.code, "fields": fields}

    def said(self) -> Said:
        """Return it as a sentence, ``MeterNotFound: …``, that can be translated."""
        return Said("{name}: {message}", name=self.name, message=self._message())

    def _message(self) -> str:
        template = next((e.message for e in concrete_errors() if e.code == self.code), None)
        if template is None:
            return self.text
        try:
            return Said(template, **(self.fields or {}))
        except KeyError:  # the sentence says other things by now
            return self.text


def _plain(value: object) -> str | int:
    return value if isinstance(value, str | int) else str(value)[:_LONGEST]
