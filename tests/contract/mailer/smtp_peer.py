"""A mail server small enough to read: it takes messages, or refuses all of them."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class SmtpPeer:
    """Where it listens, and what it took: recipient and content of each message."""

    port: int = 0
    refuse: bool = False
    taken: list[tuple[str, bytes]] = field(default_factory=list)


@contextmanager
def smtp_peer() -> Iterator[SmtpPeer]:
    peer = SmtpPeer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 peer")
            recipient = ""
            for raw in self.rfile:
                line = raw.decode().strip()
                verb = line[:4].upper()
                if verb == "RCPT":
                    recipient = line.partition("<")[2].partition(">")[0]
                    self.say("550 no such mailbox" if peer.refuse else "250 ok")
                elif verb == "DATA":
                    self.say("354 go on")
                    peer.taken.append((recipient, self.content()))
                    self.say("250 taken")
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def content(self) -> bytes:
            lines = []
            for raw in self.rfile:
                if raw == b".\r\n":
                    break
                lines.append(raw.removeprefix(b".") if raw.startswith(b"..") else raw)
            return b"".join(lines)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        peer.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield peer
        server.shutdown()
        thread.join()
