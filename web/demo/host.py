"""The demo's machine: a PostgreSQL, the two processes, and everything stopped again."""

import asyncio
import os
import shlex
import shutil
import socket
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx
import psycopg

from control_plane.runtime.migrate import migrate
from control_plane.runtime.postgres import EmbeddedPostgres, default_home, stop_leftover
from control_plane.runtime.settings import Settings, load_settings
from web.compose import Application, compose
from web.demo.docker import DockerHost
from web.demo.stripe_peer import StripePeer
from web.demo.supervisor import Supervisor

R = TypeVar("R")
READY_SECONDS = 60


@dataclass(slots=True)
class Host:
    """What runs while the demo lives, in the order it is started."""

    var_dir: Path
    runtime: str
    preferred_port: int
    postgres: EmbeddedPostgres = field(init=False)
    supervisor: Supervisor = field(init=False)
    stripe: StripePeer | None = None
    environment: dict[str, str] = field(default_factory=dict)
    docker: DockerHost = field(default_factory=DockerHost)

    def start(self, catalogue: str) -> None:
        """Start everything on an empty database with the catalogue on sale."""
        shutil.rmtree(self.var_dir, ignore_errors=True)
        self.var_dir.mkdir(parents=True)
        self.postgres = EmbeddedPostgres(default_home(self.var_dir.parent))
        self.postgres.start()
        with psycopg.connect(
            self.postgres.url.rsplit("/", 1)[0] + "/postgres", autocommit=True
        ) as c:
            c.execute("DROP DATABASE IF EXISTS tallyard WITH (FORCE)")
        self.stripe = StripePeer.start_where_installed(self.var_dir)
        self.environment = self._environment()
        self._write_environment()
        migrate(self.settings)
        self.use(lambda application: application.apply_catalog(catalogue))
        self.supervisor = Supervisor(self.var_dir / "run", self.environment)
        self.supervisor.add("web", "serve")
        if self.runtime == "docker":
            host, port = self.docker.service_address()
            self.supervisor.add("service", "serve", "--host", host, "--port", str(port))
        self.supervisor.add("worker", "worker")
        self.supervisor.watch()
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop every process this demo started, services included."""
        with ExitStack() as steps:  # backwards, and each even where the one before it failed
            if hasattr(self, "postgres"):
                steps.callback(self.postgres.stop)
            if self.stripe is not None:
                steps.callback(self.stripe.stop)
            steps.callback(self.docker.stop)
            if hasattr(self, "supervisor"):
                steps.callback(self.use, _stop_instances)
                steps.callback(self.supervisor.stop)

    @property
    def settings(self) -> Settings:
        """The settings that web and worker run under."""
        return load_settings(self.environment)

    @property
    def url(self) -> str:
        """The portal's address."""
        return self.environment["TALLYARD_PUBLIC_URL"]

    def use(self, step: Callable[[Application], Awaitable[R]]) -> R:
        """Run one use case inside this process."""

        async def inside() -> R:
            application = compose(self.settings)
            try:
                return await step(application)
            finally:
                await application.close()

        return asyncio.run(inside())

    def _write_environment(self) -> None:
        """Let a shell work on the demo: ``set -a; . var/demo/env``."""
        file = self.var_dir / "env"
        file.touch(mode=0o600)
        file.write_text("".join(f"{k}={shlex.quote(v)}\n" for k, v in self.environment.items()))

    def _environment(self) -> dict[str, str]:
        port = _free_port(self.preferred_port)
        url = f"http://127.0.0.1:{port}"
        environment = {
            "TALLYARD_DATABASE_URL": self.postgres.url,
            "TALLYARD_SECRET_KEY": "demo-only-not-a-secret",
            "TALLYARD_VAR_DIR": str(self.var_dir),
            "TALLYARD_HOST": "127.0.0.1",
            "TALLYARD_PORT": str(port),
            "TALLYARD_PUBLIC_URL": url,
            "TALLYARD_SERVICE_URL": url,
            "TALLYARD_RUNTIME": self.runtime,
            "TALLYARD_RUNTIME_EXIT_WITH_PID": str(os.getpid()),
        }
        if self.runtime == "docker":
            environment |= self.docker.prepare(_free_port(port + 1))
        if self.stripe is not None:
            environment |= self.stripe.environment(f"{url}/v1/payment-webhooks/stripe")
        return environment

    def _wait_until_ready(self) -> None:
        transport = httpx.HTTPTransport(retries=0)
        with httpx.Client(base_url=self.url, transport=transport) as client:
            for _ in range(READY_SECONDS * 10):
                try:
                    if client.get("/health/ready").status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                self._pause()
        log = (self.var_dir / "run" / "web.log").read_text()[-2000:]
        raise RuntimeError(f"the web process did not become ready:\n{log}")

    @staticmethod
    def _pause() -> None:
        asyncio.run(asyncio.sleep(0.1))


def clean_up(var_dir: Path) -> None:
    """Stop a PostgreSQL that a demo left, and remove what it kept in ``var_dir`` and beside it.

    The demo's own processes and services end with it, even when it was killed.
    """
    stop_leftover(default_home(var_dir.parent))
    shutil.rmtree(var_dir, ignore_errors=True)
    shutil.rmtree(default_home(var_dir.parent), ignore_errors=True)


async def _stop_instances(application: Application) -> None:
    await application.stop_every_instance()


def _free_port(preferred: int) -> int:
    for port in (preferred, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free on the loopback address")
