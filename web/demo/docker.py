"""The demo's containers: a daemon, an image of the modules, and a way back to the control plane."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
IMAGE = "tallyard/module:demo"
PRIVATE_SOCKET = Path("/var/lib/tallyard/docker/docker.sock")


@dataclass(slots=True)
class DockerHost:
    """The Docker daemon that the demo uses: the one that answers, or a private one."""

    _service_port: int = 0
    _docker_host: str = ""
    _started: bool = False

    def prepare(self, service_port: int) -> dict[str, str]:
        """Find or start a daemon, build the image, and give the settings for both.

        Raises:
            subprocess.CalledProcessError: neither is possible here; its output says why.
        """
        self._service_port = service_port
        environment = {**os.environ, "SERVICE_PORT": str(service_port)}
        before = PRIVATE_SOCKET.exists()
        answer = self._run([str(DEPLOY / "docker" / "up.sh")], environment)
        self._docker_host = answer.strip().removeprefix("DOCKER_HOST=")
        os.environ["DOCKER_HOST"] = self._docker_host
        # A private daemon that was there already is somebody else's to stop.
        self._started = not before and str(PRIVATE_SOCKET) in self._docker_host
        build = [str(DEPLOY / "images" / "build.sh"), IMAGE]
        self._run(build, {**environment, "DOCKER_HOST": self._docker_host})
        return {
            "DOCKER_HOST": self._docker_host,
            "TALLYARD_MODULE_IMAGE": IMAGE,
            "TALLYARD_SERVICE_URL": f"http://127.0.0.1:{service_port}",
        }

    def service_address(self) -> tuple[str, int]:
        """Give the address of this host that containers reach, and no network outside does."""
        template = "{{(index .IPAM.Config 0).Gateway}}"
        command = ["docker", "network", "inspect", "bridge", "--format", template]
        gateway = self._run(command, {**os.environ, "DOCKER_HOST": self._docker_host})
        return gateway.strip(), self._service_port

    def stop(self) -> None:
        """Stop the daemon if it is the private one that the demo's script starts."""
        if self._started:
            self._run([str(DEPLOY / "docker" / "down.sh")], dict(os.environ))

    @staticmethod
    def _run(command: list[str], environment: dict[str, str]) -> str:
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout
