"""Card payments in the demo: a local stand-in for Stripe, run as a program of its own.

It is used where it happens to be installed (the test tools bring it); without
it the demo's invoices are paid by bank transfer.
"""

import importlib.util
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

CARD = "pm_card_visa"
_KEY = "sk_test_demo"
_SECRET = "whsec_demo"  # noqa: S105 - signs the demo's own webhooks on the loopback address
_START_SECONDS = 30


@dataclass(slots=True)
class StripePeer:
    """A running stand-in; ``url`` is its API base."""

    url: str
    process: "subprocess.Popen[bytes]"

    @classmethod
    def start_where_installed(cls, var_dir: Path) -> "StripePeer | None":
        """Start it and wait until it answers; None where it is not installed."""
        if importlib.util.find_spec("localstripe") is None:
            return None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        with (var_dir / "stripe.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=var_dir,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
        peer = cls(f"http://127.0.0.1:{port}", process)
        peer.wait()
        return peer

    def wait(self) -> None:
        """Wait until it answers.

        Raises:
            RuntimeError: it ended, or does not answer within half a minute.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                httpx.get(f"{self.url}/v1/charges", auth=(_KEY, ""), timeout=5)
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("the local stand-in for Stripe did not start")

    def environment(self, webhook_url: str) -> dict[str, str]:
        """Point it at our webhook, and say by which settings it is reached."""
        answer = httpx.post(
            f"{self.url}/_config/webhooks/tallyard", json={"url": webhook_url, "secret": _SECRET}
        )
        answer.raise_for_status()
        return {
            "TALLYARD_STRIPE_API_KEY": _KEY,
            "TALLYARD_STRIPE_API_BASE": self.url,
            "TALLYARD_STRIPE_WEBHOOK_SECRET": _SECRET,
        }

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)
