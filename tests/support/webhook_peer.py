"""An endpoint that listens on this machine: checks signatures, answers what it is told to."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

_LINE_END = b"\r\n"


@dataclass
class Received:
    """One request as it came over the wire."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def signed_by(self, secret: str) -> bool:
        """Verify as Standard Webhooks tells consumers to, written from its text alone."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        said = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode()
        digest = base64.b64encode(hmac.digest(key, said + self.body, "sha256")).decode()
        return f"v1,{digest}" in self.headers["webhook-signature"].split(" ")

    def dingtalk_signed_by(self, secret: str) -> bool:
        """Verify as the robots of DingTalk do."""
        said = f"{self.query['timestamp']}\n{secret}".encode()
        digest = hmac.new(secret.encode(), said, hashlib.sha256).digest()
        return self.query["sign"] == base64.b64encode(digest).decode()


@dataclass
class Peer:
    """Answers each request with the first of ``answers``, the last one for ever.

    An answer is a status, with a body or headers if need be; "hang" says nothing, "close" hangs up.
    """

    port: int = 0
    answers: list[Any] = field(default_factory=lambda: [200])
    received: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.received.append(await _read(reader))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer == "hang":
                await reader.read()
            elif answer != "close":
                writer.write(_written(answer))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def _written(answer: Any) -> bytes:
    status, body, headers = answer if isinstance(answer, tuple) else (answer, b"", {})
    told = {"Content-Length": str(len(body)), "Connection": "close", **headers}
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _read(reader: asyncio.StreamReader) -> Received:
    first = (await reader.readuntil(_LINE_END)).decode().split(" ")
    headers = {}
    while (line := await reader.readuntil(_LINE_END)) != _LINE_END:
        name, _, value = line.decode().partition(":")
        headers[name.strip().lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(first[1], headers, body)


@asynccontextmanager
async def listening() -> AsyncIterator[Peer]:
    """A peer on a free port, for the length of the block."""
    peer = Peer()
    server = await asyncio.start_server(peer.handle, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
