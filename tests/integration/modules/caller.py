"""Calls as a tenant's program makes them."""

from typing import Any

import httpx

from tests.support.modules import FULL_KEY, Fleet, Instance


class Caller:
    """Posts documents and reads stock with an API key."""

    def __init__(self, client: httpx.AsyncClient, fleet: Fleet, key: str = FULL_KEY) -> None:
        self.client = client
        self.fleet = fleet
        self.headers = {"Authorization": f"Bearer {key}"}

    async def receive(self, key: str, *lines: tuple[str, str], **body: Any) -> httpx.Response:
        return await self._post(self.fleet.inbound, "/v1/receipts", key, lines, body)

    async def ship(self, key: str, *lines: tuple[str, str], **body: Any) -> httpx.Response:
        return await self._post(self.fleet.outbound, "/v1/shipments", key, lines, body)

    async def void(self, instance: Instance, path: str, document_id: str) -> httpx.Response:
        return await self.client.post(
            f"{instance.url}{path}/{document_id}/void", headers=self.headers
        )

    async def get(self, instance: Instance, path: str, **params: Any) -> httpx.Response:
        return await self.client.get(f"{instance.url}{path}", params=params, headers=self.headers)

    async def stock(self, **params: Any) -> dict[str, str]:
        answer = await self.get(self.fleet.stock_query, "/v1/stock", **params)
        assert answer.status_code == 200, answer.text
        return {item["sku"]: item["on_hand"] for item in answer.json()["items"]}

    async def sync(self, instance: Instance) -> dict[str, Any]:
        answer = await self.client.post(
            f"{instance.url}/_tallyard/sync",
            headers=self.fleet.control.command(instance.module, "sync"),
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def _post(self, instance, path, key, lines, body) -> httpx.Response:
        rows = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        return await self.client.post(
            f"{instance.url}{path}",
            json={"lines": rows, **body},
            headers={**self.headers, "Idempotency-Key": key},
        )
