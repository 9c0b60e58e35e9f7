"""What a machine may lack, and how a run says so.

A test whose part is missing is left out by name, loudly, at the end of the run.
Under CI nothing may be missing: the run fails.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str | None:
    """The system's Chromium, or else the one that `playwright install chromium` brought."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None) or _playwright_chromium()


def _playwright_chromium() -> str | None:
    home = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "~/.cache/ms-playwright")).expanduser()
    return max(map(str, home.glob("chromium-*/chrome-linux*/chrome")), default=None)


def docker_answers() -> bool:
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not host.startswith("unix://"):
        return True
    try:
        transport = httpx.HTTPTransport(uds=host.removeprefix("unix://"))
        with httpx.Client(transport=transport, timeout=3) as client:
            return client.get("http://docker/_ping").text == "OK"
    except httpx.HTTPError:
        return False


PARTS: dict[str, tuple[Callable[[], object], str]] = {
    "browser": (chromium_path, "a Chromium (Debian: apt-get install chromium)"),
    "docker": (docker_answers, "a Docker daemon (Debian: apt-get install docker.io)"),
}


def leave_out_what_cannot_run(
    config: pytest.Config, items: list[pytest.Item]
) -> dict[str, list[str]]:
    """Deselect tests whose part is missing; return their names by part."""
    missing: dict[str, list[str]] = {}
    for part, (present, _) in PARTS.items():
        marked = [item for item in items if item.get_closest_marker(part)]
        if marked and not present():
            missing[part] = [item.nodeid for item in marked]
    gone = {name for names in missing.values() for name in names}
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in gone])
    items[:] = [item for item in items if item.nodeid not in gone]
    return missing
