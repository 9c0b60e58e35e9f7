"""What leaves for an endpoint of each kind, and whether its answer says that it arrived."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from control_plane.kernel.ids import format_id
from control_plane.notifications.webhooks.calling import Answer, Call
from control_plane.notifications.webhooks.domain import EndpointKind, Message, Target
from control_plane.notifications.webhooks.robots import RobotWords
from control_plane.notifications.webhooks.signing import dingtalk_url, signature_headers

_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Tallyard-Webhooks/1"}
_WECOM_BYTES = 4_096  # developer.work.weixin.qq.com, group robots: the longest markdown
_DINGTALK_BYTES = 20_000  # open.dingtalk.com, custom robots: the longest request
_OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message and the words that a robot says it in."""

    message: Message
    words: RobotWords


def call_for(kind: EndpointKind, target: Target, outgoing: Outgoing, at: datetime) -> Call:
    """Compose the call: signed now, whenever the message was made."""
    return _COMPOSERS[kind](target, outgoing, at)


def refusal_of(kind: EndpointKind, answer: Answer) -> str | None:
    """Return why a message did not arrive; None: it did.

    Robots answer 200 whatever happens, and say in ``errcode`` what it was.
    """
    if answer.error is not None:
        return answer.error
    if answer.status not in _OK:
        return f"status_{answer.status}"
    return None if kind is EndpointKind.STANDARD else _robot_refusal(answer.body)


def body_text(event_type: str, at: str, data: object) -> str:
    """Return a message's body as Standard Webhooks recommends it."""
    body = {"type": event_type, "timestamp": at, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _standard(target: Target, outgoing: Outgoing, at: datetime) -> Call:
    body = outgoing.message.body.encode()
    message_id = format_id("msg", outgoing.message.id)
    signed = signature_headers(target.signing(at), message_id, int(at.timestamp()), body)
    return Call(target.url, {**_HEADERS, **signed}, body)


def _dingtalk(target: Target, outgoing: Outgoing, at: datetime) -> Call:
    words = outgoing.words
    markdown = {"title": words.title, "text": _cut(words.markdown, _DINGTALK_BYTES - 1_000)}
    body = {"msgtype": "markdown", "markdown": markdown}
    milliseconds = int(at.timestamp() * 1000)
    url = target.url
    for secret in target.signing(at):
        url = dingtalk_url(target.url, secret, milliseconds)
    return Call(url, _HEADERS, _json(body))


def _wecom(target: Target, outgoing: Outgoing, at: datetime) -> Call:
    del at  # the key in the address is all that proves who sends
    content = _cut(outgoing.words.markdown, _WECOM_BYTES)
    body = {"msgtype": "markdown", "markdown": {"content": content}}
    return Call(target.url, _HEADERS, _json(body))


_COMPOSERS = {
    EndpointKind.STANDARD: _standard,
    EndpointKind.DINGTALK: _dingtalk,
    EndpointKind.WECOM: _wecom,
}


def _robot_refusal(body: bytes) -> str | None:
    try:
        said: Any = json.loads(body)
    except ValueError:
        return "answer_unreadable"
    code = said.get("errcode") if isinstance(said, dict) else None
    return None if code == 0 else f"errcode_{code}"[:100]


def _json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode("utf-8", "ignore")
