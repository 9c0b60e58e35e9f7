"""Asking an instance over HTTP whether it is ready."""

import httpx

PROBE_SECONDS = 2.0


async def is_ready(port: int, *, client: httpx.AsyncClient) -> bool:
    """Tell whether ``/health/ready`` on 127.0.0.1:``port`` answers 200 within two seconds."""
    url = f"http://127.0.0.1:{port}/health/ready"
    try:
        response = await client.get(url, timeout=PROBE_SECONDS)
    except httpx.HTTPError:
        return False
    return response.status_code == httpx.codes.OK


def new_client() -> httpx.AsyncClient:
    """Return a client that keeps no connections and heeds no proxy settings."""
    return httpx.AsyncClient(
        trust_env=False, limits=httpx.Limits(max_keepalive_connections=0, max_connections=20)
    )
