"""The way to the stock ledger: commands over a kept-alive connection, safe to repeat."""

from dataclasses import asdict
from typing import Any

import aiohttp
import msgspec

from inventory_modules.chassis.stock_errors import StockRefusal, refusal_from
from inventory_modules.documents.domain import LedgerCommand

_ATTEMPTS = 2  # the second meets a connection that the ledger closed while it was idle
_DECISIONS = {400, 404, 409, 413, 422}


class LedgerSilent(Exception):
    """No answer that decides anything came; what was sent may or may not have been posted."""


class LedgerConfused(Exception):
    """The ledger refuses a command that should have been right; the text says how."""


class LedgerRefused(Exception):
    """The ledger refused for want of stock and will not hold the key."""

    def __init__(self, refusal: StockRefusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class LedgerClient:
    """Posts commands to the tenant's ledger with this instance's service token."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, token: str) -> None:
        self._session = session
        self._url = f"{base_url}/v1/movements"
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
        }

    async def post(self, command: LedgerCommand) -> int:
        """Post a command and return the sequence of its last movement.

        Raises:
            LedgerRefused: not enough stock.
            LedgerSilent: the ledger is down, slow, or does not know this instance yet.
            LedgerConfused: another refusal, which repeating cannot change.
        """
        status, body = await self._send(msgspec.json.encode(asdict(command)))
        if status == 200:  # noqa: PLR2004 - an HTTP status says it best
            return int(body["last_sequence"])
        refusal = refusal_from(body.get("facts") or {})
        if refusal is not None:
            raise LedgerRefused(refusal)
        if status in _DECISIONS:
            raise LedgerConfused(f"{status} {body.get('code', '')}")
        raise LedgerSilent(str(status))

    async def _send(self, payload: bytes) -> tuple[int, dict[str, Any]]:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with self._session.post(
                    self._url, data=payload, headers=self._headers
                ) as response:
                    return response.status, msgspec.json.decode(await response.read())
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if attempt == _ATTEMPTS:
                    raise LedgerSilent(str(error)) from error
            except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as error:
                raise LedgerSilent(str(error)) from error
        raise AssertionError
