"""What several use cases of endpoints check the same way."""

from collections.abc import Collection

from control_plane.notifications.webhooks.domain import EndpointKind, known_events
from control_plane.notifications.webhooks.errors import (
    RobotSecretInvalid,
    WebhookDescriptionInvalid,
    WebhookEventsInvalid,
)
from control_plane.notifications.webhooks.events import EventType

LONGEST_DESCRIPTION = 200
_LONGEST_SECRET = 200
_ALL = tuple(event.value for event in EventType)


def checked_events(events: Collection[str]) -> tuple[str, ...]:
    """Return the types in the catalogue's order.

    Raises:
        WebhookEventsInvalid: none, or one that there is not.
    """
    asked = tuple(events)
    if not asked or set(asked) - set(_ALL):
        value = ", ".join(sorted(set(asked)))[:500]
        raise WebhookEventsInvalid(value=value, known=", ".join(_ALL), field="events")
    return known_events(asked, _ALL)


def checked_description(text: str) -> str:
    """Return the description, trimmed.

    Raises:
        WebhookDescriptionInvalid: it is too long, or holds what cannot be shown.
    """
    tidy = text.strip()
    if len(tidy) > LONGEST_DESCRIPTION or not tidy.isprintable():
        raise WebhookDescriptionInvalid(
            value=text[:LONGEST_DESCRIPTION], longest=LONGEST_DESCRIPTION, field="description"
        )
    return tidy


def checked_robot_secret(kind: EndpointKind, secret: str) -> str | None:
    """Return the secret of a DingTalk robot; no other kind has one that comes from outside.

    Raises:
        RobotSecretInvalid: it is missing or does not look like one.
    """
    if kind is not EndpointKind.DINGTALK:
        return None
    tidy = secret.strip()
    sound = tidy.isascii() and tidy.isprintable() and len(tidy) <= _LONGEST_SECRET
    if not (sound and tidy.startswith("SEC")):
        raise RobotSecretInvalid(field="secret")
    return tidy


def shown_url(kind: EndpointKind, url: str) -> str:
    """Return what of an address may be shown: a robot's carries its key in the query."""
    return url if kind is EndpointKind.STANDARD else url.partition("?")[0]
