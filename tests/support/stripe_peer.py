"""A local stand-in for Stripe, run as a program of its own.

It takes payments, declines cards and signs webhooks, and forgets everything when it stops. It does
not honour idempotency keys, so what collects once against it does so without their help.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.support.ports import free_port

WEBHOOK_SECRET = "whsec_local"
API_KEY = "sk_test_local"
VISA = "pm_card_visa"
DECLINED_LATER = "pm_card_chargeCustomerFail"
DECLINED_AT_ONCE = "pm_card_visa_chargeDeclined"


@dataclass(frozen=True)
class StripePeer:
    """A running peer; ``url`` is its API base."""

    url: str

    def send_webhooks_to(self, url: str, name: str = "tallyard") -> None:
        """Have every event posted to ``url``, signed with `WEBHOOK_SECRET`."""
        answer = httpx.post(
            f"{self.url}/_config/webhooks/{name}", json={"url": url, "secret": WEBHOOK_SECRET}
        )
        answer.raise_for_status()

    def charges(self) -> list[dict[str, object]]:
        """Every charge that took money."""
        answer = httpx.get(
            f"{self.url}/v1/charges", params={"limit": 100}, auth=(API_KEY, "")
        ).json()
        return [charge for charge in answer["data"] if charge["status"] == "succeeded"]


@contextmanager
def stripe_peer() -> Iterator[StripePeer]:
    """Run a peer for the length of the block."""
    port = free_port()
    command = [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, process)
        yield StripePeer(url)
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the Stripe peer ended with {process.returncode}")
        try:
            httpx.get(f"{url}/v1/charges", auth=(API_KEY, ""), timeout=5)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the Stripe peer does not answer")
