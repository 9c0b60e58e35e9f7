"""A real OpenID provider, oidc-provider-mock, as a process of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.support.ports import free_port

EMPLOYEES = (
    {"sub": "emp-1", "email": "Li.Lei@example.com", "email_verified": True, "name": "李雷"},
    {"sub": "emp-2", "email": "unsure@example.com", "email_verified": False, "name": "Unsure"},
    {"sub": "emp-3", "email": "bella@example.com", "email_verified": True, "name": "Bella"},
    {"sub": "emp-4", "name": "No Address"},
)


@dataclass(frozen=True)
class OidcPeer:
    """Where the provider listens, and a browser that uses it."""

    issuer: str

    def browse(self, url: str, subject: str, *, deny: bool = False) -> dict[str, str]:
        """Sign in at the provider as a browser does; return the query of the way back."""
        form = {"action": "deny"} if deny else {"sub": subject}
        answer = httpx.post(url, data=form, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}


@contextmanager
def oidc_peer() -> Iterator[OidcPeer]:
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    command.append("true")
    for claims in EMPLOYEES:
        command += ["--user-claims", json.dumps(claims)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        peer = OidcPeer(f"http://127.0.0.1:{port}")
        _wait_until_ready(peer, process)
        yield peer
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_ready(peer: OidcPeer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "oidc-provider-mock did not start"
        try:
            httpx.get(f"{peer.issuer}/.well-known/openid-configuration").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("oidc-provider-mock did not answer")
