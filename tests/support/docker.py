"""The Docker daemon and the images that container tests share.

`tests/run` starts a daemon where none answers; here it is found, and the images are built once,
by whichever worker comes first.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.ports import FIRST_PORT, LAST_PORT

ROOT = Path(__file__).parents[2]
TEST_IMAGE = "tallyard/module:tests"


@dataclass(frozen=True)
class DockerDaemon:
    """A daemon that answers, and the image made of this tree."""

    url: str
    image: str


@pytest.fixture(scope="session")
def docker_daemon() -> Iterator[DockerDaemon]:
    url = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    environment = {**os.environ, "DOCKER_HOST": url, "PYTHON": sys.executable}
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    marker = Path(tempfile.gettempdir()) / f"tallyard-image-{run}"
    with (Path(tempfile.gettempdir()) / "tallyard-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not marker.exists():
            build = [str(ROOT / "deploy" / "images" / "build.sh"), TEST_IMAGE]
            done = subprocess.run(
                build, check=False, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            _open_test_ports(environment)
            marker.touch()
    yield DockerDaemon(url, TEST_IMAGE)
    marker.unlink(missing_ok=True)


def _open_test_ports(environment: dict[str, str]) -> None:
    """Where tenants' bridges are shut off from this host, let the tests' control planes through."""
    hardened = shutil.which("iptables") and os.geteuid() == 0
    if (
        hardened
        and not subprocess.run(
            ["iptables", "-n", "-L", "TALLYARD-HOST"], check=False, capture_output=True
        ).returncode
    ):
        script = str(ROOT / "deploy" / "docker" / "harden.sh")
        ports = {"SERVICE_PORT": f"8000,{FIRST_PORT}:{LAST_PORT}"}
        subprocess.run([script], check=True, env={**environment, **ports})
