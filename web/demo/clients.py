"""The demo's HTTP clients: every write under a key of its own, repeated until it is answered."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from web.demo.data import Order

PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.1
_AGAIN = {502, 503, 504}


class DemoFailed(RuntimeError):
    """Something answered what the demo did not expect."""


async def persist(
    client: httpx.AsyncClient, method: str, url: str, **arguments: Any
) -> httpx.Response:
    """Send a request until it is answered, as a careful customer's program would.

    A process may be killed at any moment: the same request goes out again under
    the same Idempotency-Key, and counts once.

    Raises:
        DemoFailed: nobody answered for two minutes.
    """
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    last: object = None
    while asyncio.get_running_loop().time() < deadline:
        try:
            answer = await client.request(method, url, **arguments)
        except httpx.TransportError as error:
            last = error
        else:
            if answer.status_code not in _AGAIN:
                return answer
            last = answer.text
        await asyncio.sleep(_PAUSE_SECONDS)
    raise DemoFailed(f"{method} {url}: no answer for {PATIENCE_SECONDS:.0f} s: {last}")


def expect(answer: httpx.Response, *statuses: int) -> Any:
    """Give the answer's JSON when its status is one of those expected.

    Raises:
        DemoFailed: it is another one.
    """
    if answer.status_code not in statuses:
        sent = f"{answer.request.method} {answer.request.url}"
        raise DemoFailed(f"{sent}: {answer.status_code} {answer.text[:800]}")
    return answer.json() if answer.content else None


@dataclass(slots=True)
class Api:
    """The control plane's API, as one caller."""

    client: httpx.AsyncClient
    headers: Mapping[str, str]

    async def get(self, path: str, **query: str) -> Any:
        """Read something that must be there."""
        answer = await persist(self.client, "GET", path, params=query, headers=self.headers)
        return expect(answer, 200)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Write something under a key of its own."""
        headers = {**self.headers, "Idempotency-Key": str(uuid.uuid4())}
        answer = await persist(self.client, "POST", path, json=body or {}, headers=headers)
        return expect(answer, 200, 201, 202)

    async def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """Replace something under a key of its own."""
        headers = {**self.headers, "Idempotency-Key": str(uuid.uuid4())}
        answer = await persist(self.client, "PUT", path, json=body, headers=headers)
        return expect(answer, 200)

    async def status(self, path: str) -> int:
        """Tell with which status a read is answered."""
        answer = await persist(self.client, "GET", path, headers=self.headers)
        return answer.status_code

    async def advance(self, to: datetime) -> None:
        """Move the sandbox's clock and wait until it has arrived and all is drained."""
        await self.post("/v1/test-clock/advance", {"to": to.astimezone(UTC).isoformat()})
        while True:
            clock = await self.get("/v1/test-clock")
            if clock["state"] == "ready":
                return
            await asyncio.sleep(0.03)


@dataclass(slots=True)
class Tally:
    """What the demo itself counted, to hold the books against."""

    calls: int = 0
    lines: int = 0
    units: int = 0
    refused: int = 0


@dataclass(slots=True)
class Services:
    """A tenant's own module services, called with its API key as its ERP would."""

    client: httpx.AsyncClient
    key: str
    addresses: dict[str, str] = field(default_factory=dict)

    async def ship(self, order: Order, tally: Tally) -> bool:
        """Ship one order in one call; a refusal by a limit is counted, not raised."""
        answer = await self._post("outbound", "/v1/shipments", order.reference, order.lines)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            tally.refused += 1
            return False
        expect(answer, 200, 201)
        tally.calls += 1
        tally.lines += len(order.lines)
        tally.units += order.units
        return True

    async def receive(self, reference: str, goods: Mapping[str, int], tally: Tally) -> None:
        """Receive goods in one call."""
        lines = tuple(sorted(goods.items()))
        expect(await self._post("inbound", "/v1/receipts", reference, lines), 200, 201)
        tally.calls += 1
        tally.lines += len(lines)
        tally.units += sum(goods.values())

    async def query(self, tally: Tally, **query: str) -> httpx.Response:
        """Ask for the stock; every served query is a counted call."""
        url = f"{self.addresses['stock_query']}/v1/stock"
        answer = await persist(self.client, "GET", url, params=query, headers=self._auth)
        if answer.status_code == httpx.codes.OK:
            tally.calls += 1
        else:
            tally.refused += 1
        return answer

    @property
    def _auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    async def _post(
        self, module: str, path: str, reference: str, lines: tuple[tuple[str, int], ...]
    ) -> httpx.Response:
        body = {
            "reference": reference,
            "lines": [{"sku": sku, "quantity": str(quantity)} for sku, quantity in lines],
        }
        headers = {**self._auth, "Idempotency-Key": reference}
        url = f"{self.addresses[module]}{path}"
        return await persist(self.client, "POST", url, json=body, headers=headers)
