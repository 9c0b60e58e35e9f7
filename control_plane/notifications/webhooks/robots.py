"""What the robot of a chat group says of a message, in the organisation's language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from control_plane.notifications.templates import render
from control_plane.notifications.webhooks.events import EventType

_PAGES: Mapping[str, str] = {
    EventType.ENTITLEMENTS_CHANGED: "/portal/entitlements",
    EventType.THRESHOLD_REACHED: "/portal/usage",
    EventType.FORECAST_EXCEEDS: "/portal/usage",
}
_STANDINGS = {
    "en": {
        "active": "active",
        "grace": "in grace",
        "read_only": "read-only",
        "suspended": "suspended",
        "retained": "retained",
        "purged": "purged",
    },
    "zh_CN": {
        "active": "正常",
        "grace": "宽限期",
        "read_only": "只读",
        "suspended": "暂停服务",
        "retained": "仅保留数据",
        "purged": "数据已清除",
    },
}


@dataclass(frozen=True, slots=True)
class RobotWords:
    """A message for people: its title, and all of it as Markdown."""

    title: str
    markdown: str


class _Lenient(dict[str, object]):
    """Fields of a message; one that is missing is a dash, and no reason to say nothing."""

    def __missing__(self, name: str) -> str:
        return "-"


def robot_words(
    event_type: str, body: str, *, organisation: str, language: str, public_url: str
) -> RobotWords:
    """Say what happened; ``body`` is the message's JSON."""
    data: Any = json.loads(body)["data"]
    fields = _Lenient(
        {
            **{name: _plain(name, value, language) for name, value in data.items()},
            "organisation": organisation,
            "link": public_url.rstrip("/") + _PAGES.get(event_type, "/portal"),
        }
    )
    said = render(template_of(event_type), language, fields)
    return RobotWords(said.subject, f"#### {said.subject}\n\n{said.body}")


def template_of(event_type: str) -> str:
    """Return the name of the words of a type of event."""
    return f"event_{event_type.replace('.', '_')}"


def _plain(name: str, value: object, language: str) -> object:
    """Return a value as people read it: amounts in units of the currency, standings by name."""
    if name.endswith("_minor") and isinstance(value, int):
        return f"{value // 100}.{value % 100:02}"
    if name in {"standing", "previous", "from", "next"}:
        return _STANDINGS.get(language, _STANDINGS["en"]).get(str(value), value)
    return value
