"""What the robot of a chat group says of a message, in the organisation's language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from control_plane.kernel.calendar import parse_instant, wall_clock_text
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from control_plane.notifications.templates import render
from control_plane.notifications.webhooks.events import EventType
from control_plane.tenancy.domain import Organisation

_PAGES: Mapping[str, str] = {
    EventType.ENTITLEMENTS_CHANGED: "/portal/entitlements",
    EventType.THRESHOLD_REACHED: "/portal/usage",
    EventType.FORECAST_EXCEEDS: "/portal/usage",
    EventType.STANDING_ANNOUNCED: "/portal/invoices",
    EventType.STANDING_CHANGED: "/portal/invoices",
    EventType.INVOICE_ISSUED: "/portal/invoices",
    EventType.INVOICE_PAID: "/portal/invoices",
    EventType.INVOICE_OVERDUE: "/portal/invoices",
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


_INSTANTS = frozenset({"period_start", "period_end", "at"})
_NAMED = frozenset({"standing", "previous", "next"})


class _Lenient(dict[str, object]):
    """Fields of a message; one that is missing is a dash, and no reason to say nothing."""

    def __missing__(self, name: str) -> str:
        return "-"


def robot_words(
    event_type: str, body: str, *, organisation: Organisation, public_url: str
) -> RobotWords:
    """Say what happened; ``body`` is the message's JSON."""
    data: Any = json.loads(body)["data"]
    told = for_people(data, organisation)
    link = public_url.rstrip("/") + page_of(event_type)
    said = render(template_of(event_type), organisation.language, _Lenient(told, link=link))
    return RobotWords(said.subject, f"#### {said.subject}\n\n{said.body}")


def for_people(data: Mapping[str, object], organisation: Organisation) -> dict[str, object]:
    """Return an event's data as they are said to people: their words, their time."""
    fields = {name: _plain(name, value, organisation) for name, value in data.items()}
    if "currency" in data:
        money = currency(str(data["currency"]))
        fields |= {
            name: Money(value, money).decimal_text()
            for name, value in data.items()
            if name.endswith("_minor") and isinstance(value, int)
        }
    return {**fields, "organisation": organisation.name}


def page_of(event_type: str) -> str:
    """Return the page of the portal where a type of event is seen."""
    return _PAGES.get(event_type, "/portal")


def template_of(event_type: str) -> str:
    """Return the name of the words of a type of event."""
    return f"event_{event_type.replace('.', '_')}"


def _plain(name: str, value: object, organisation: Organisation) -> object:
    if name in _INSTANTS and isinstance(value, str):
        return wall_clock_text(parse_instant(value), organisation.zone)
    standings = _STANDINGS.get(organisation.language, _STANDINGS["en"])
    return standings.get(str(value), value) if name in _NAMED else value
