"""All of the SDK put together, for a service outside Tallyard: one object to start and to stop."""

import asyncio
import json
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from control_plane.kernel.clock import Clock, SystemClock
from control_plane.kernel.errors import TallyardError
from control_plane.sdk.call_reporter import CallReporter
from control_plane.sdk.call_spool import CallSpool
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.control_link import ControlLink
from control_plane.sdk.courier import Courier
from control_plane.sdk.envelope import Envelope, load_public_keys
from control_plane.sdk.forks import watch_forks
from control_plane.sdk.guard import Guard
from control_plane.sdk.keyring import KeyRing
from control_plane.sdk.lease_book import LeaseBook
from control_plane.sdk.lease_thread import LeaseThread
from control_plane.sdk.subscriber import Subscriber

_EVENTS = "application/cloudevents-batch+json"
_SEND_SECONDS = 0.5
_KEEP_SECONDS = 60.0  # between heartbeats written to disk

_log = logging.getLogger("tallyard.service")


class Service:
    """One instance of a service: what its tenant may do, kept new, spent from leases, and metered.

    ``folder`` is a folder of its own on a local disk: the last snapshot is kept there, for a start
    without the control plane, and the usage that is not sent yet. Start it once the process is
    set up; forked children go on by themselves. ``public_keys`` is the JSON object that the
    control plane hands out with the token.

    ``alone`` promises that no other process runs for this instance. Then what a killed one had
    leased and never gave back is settled by what it metered; otherwise it counts as used until
    the period ends. A fork ends the promise.
    """

    def __init__(
        self,
        *,
        url: str,
        token: str,
        tenant: str,
        instance: str,
        module: str,
        public_keys: str,
        folder: Path,
        alone: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._alone, self._recovered = alone, set[tuple[str, str]]()
        self._kept, self._kept_at = folder / "snapshot.json", float("-inf")
        self.calls = CallSpool(folder / "calls", source=f"/instances/{instance}", subject=module)
        self.ring = KeyRing(load_public_keys(public_keys))
        self.state = EntitlementState(tenant=tenant, keys=self.ring, clock=self._clock)
        link = ControlLink(url, token, clock=self._clock)
        self.book = LeaseBook(instance, self._clock.monotonic, on_need=self._wake)
        self.leases = LeaseThread(self.book, link, tenant=tenant, keys=self.ring)
        self.state.attach(self.book)
        self.subscriber = Subscriber(
            self.state, url=url, token=token, ring=self.ring, on_news=self._keep, clock=self._clock
        )
        self.usage = _UsageThread(self.calls, link, self._clock, self._tidy)
        self.guard = Guard(self.state, self.calls, self.leases.more)
        watch_forks(self)

    def start(self) -> None:
        """Take up what was kept on disk, and begin to follow, to lease and to report."""
        self._restore()
        self.subscriber.start()
        self.leases.start()
        self.usage.start()

    def stop(self) -> None:
        """Report what waits and give the leases back, as far as the control plane is there."""
        self.usage.stop()
        self.leases.stop()
        self.subscriber.stop()
        self.calls.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def ready(self) -> bool:
        """Whether calls can be answered: a snapshot that is young enough, and an updater alive."""
        return self.state.usable and self.subscriber.alive()

    def before_fork(self) -> None:
        """Settle nothing of others any more: a child may be among them."""
        self._alone = False
        self.book.recover_no_more()

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Go on."""

    def _tidy(self) -> None:
        """After all recorded usage was sent: forget closed leases, settle those of the dead."""
        self.book.closed.clear()
        accounts = {(account.feature, account.period) for account, _ in self.book.leases()}
        if self._alone and not accounts <= self._recovered:
            self._recovered |= accounts
            self.book.recover()

    def _wake(self) -> None:
        self.leases.wake()

    def _restore(self) -> None:
        """Take up the last snapshot; its age counts from its signed instant as ever."""
        try:
            kept = json.loads(self._kept.read_text(encoding="utf-8"))
            self.ring.follow(map(Envelope.from_json, kept["keys"]))
            snapshot, *heartbeat = map(Envelope.from_json, kept["snapshot"])
            self.state.apply_snapshot(snapshot)
            for envelope in heartbeat:
                self.state.apply_heartbeat(envelope)
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, TallyardError) as error:
            _log.warning("the snapshot on disk is of no use: %s", error)

    def _keep(self, changed: bool) -> None:  # noqa: FBT001 - as the subscriber calls it
        now = self._clock.monotonic()
        if not changed and now - self._kept_at < _KEEP_SECONDS:
            return
        self._kept_at = now
        kept = {
            "keys": [envelope.to_json() for envelope in self.ring.applied],
            "snapshot": [envelope.to_json() for envelope in self.state.envelopes],
        }
        written = self._kept.with_suffix(f".{os.getpid()}")
        try:
            written.write_text(json.dumps(kept), encoding="utf-8")
            written.replace(self._kept)
        except OSError as error:
            _log.warning("the snapshot is not kept on disk: %s", error)


class _UsageThread:
    """Writes recorded calls to the disk and sends them, twice a second."""

    def __init__(
        self, calls: CallSpool, link: ControlLink, clock: Clock, sent: Callable[[], None]
    ) -> None:
        self._calls, self._link, self._clock, self._sent = calls, link, clock, sent
        self._thread: threading.Thread | None = None
        self._set_out()
        watch_forks(self)

    def _set_out(self) -> None:
        self._reporter = CallReporter(self._calls, Courier(self._send, self._clock))
        self._stopping = threading.Event()

    @property
    def last_error(self) -> str | None:
        """What kept the last sending from sending all."""
        return self._reporter.last_error

    def start(self) -> None:
        """Begin; once is enough."""
        if self._thread is None or not self._thread.is_alive():
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="tallyard-usage", daemon=True)
            self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Send what waits once more, and end."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(seconds)

    def before_fork(self) -> None:
        """The spool comes through a fork by itself."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Report what this process records."""
        reported, self._thread = self._thread is not None, None
        self._set_out()
        if reported:
            self.start()

    def _run(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._stopping.wait(_SEND_SECONDS)
            try:
                self._calls.sync()
                asyncio.run(self._reporter.flush())
                if not self._calls.pending:
                    self._sent()
            except OSError as error:  # the disk's; what is recorded stays where it is
                _log.warning("usage waits for the disk: %s", error)
            except Exception:  # noqa: BLE001 - whatever it is, the thread must live on
                _log.exception("usage could not be reported; it goes on")

    async def _send(self, events: list[dict[str, object]]) -> list[dict[str, object]]:
        answer = await asyncio.to_thread(self._link.post, "/v1/events", events, _EVENTS)
        if not isinstance(answer, dict):
            raise TypeError("the answer is no object")
        results: list[dict[str, object]] = answer["results"]
        return results
