"""Keeps an ``EntitlementState`` new: a thread that follows the control plane, for ever.

It holds a stream of server-sent events open. When that breaks, or says nothing for three beats, it
asks once, waits with full jitter, and opens another. Where there are no streams it polls. A forked
child follows by itself. Whoever asks for readiness asks ``alive``.
"""

import http.client
import logging
import os
import random
import threading
from collections.abc import Callable
from functools import partial

from control_plane.kernel.clock import Clock, SystemClock
from control_plane.kernel.errors import TallyardError
from control_plane.sdk.client import EntitlementState, SnapshotOutdated
from control_plane.sdk.control_link import ControlLink, ControlPlaneRefused
from control_plane.sdk.envelope import Envelope
from control_plane.sdk.events import StreamEvent
from control_plane.sdk.fast_json import loads
from control_plane.sdk.forks import watch_forks
from control_plane.sdk.keyring import KeyRing

BEAT_SECONDS = 5.0
SILENT_BEATS = 3
"""How many heartbeats may be missing before a connection counts as dead."""

STUCK_SECONDS = 60.0
"""How long the thread may go without a sign of life; every wait of its own is far shorter."""

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_POLL_SECONDS = 2.0
_POLL_WAIT = 20
_WITHOUT_STREAM = 60.0  # before a stream is tried again where there was none
_BROKEN = (OSError, http.client.HTTPException, TallyardError, ValueError)

_log = logging.getLogger("tallyard.subscriber")


class Subscriber:
    """Follows one tenant's snapshot and tells ``state`` of it; safe across forks.

    ``url`` and ``token`` are the control plane's address and this service's token. ``ring`` is the
    key ring that ``state`` verifies with: given here, it follows the rotation of keys.
    ``on_news`` is called in the thread after something was taken: True when it was a snapshot of
    another revision or a key ring, False for a heartbeat. It must not block for long.
    """

    def __init__(
        self,
        state: EntitlementState,
        *,
        url: str,
        token: str,
        ring: KeyRing | None = None,
        on_news: Callable[[bool], None] | None = None,
        clock: Clock | None = None,
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self.state = state
        self._ring = ring
        self._on_news = on_news or _nothing
        self._monotonic = (clock or SystemClock()).monotonic
        self._beat_seconds = beat_seconds
        self._link = ControlLink(url, token, silence_seconds=SILENT_BEATS * beat_seconds)
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._moved_at = float("-inf")
        self._poll_until = float("-inf")
        self.connected = False
        """Whether a stream is open and has said something."""
        self.last_heard = float("-inf")
        """When the control plane last said something that was good, on the monotonic clock."""
        self.last_error: str | None = None
        """Why the last connection ended, None while one holds."""
        if ring is not None:
            watch_forks(ring)
        watch_forks(self)

    def start(self) -> None:
        """Begin to follow, in a thread of its own; once is enough."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stopping.clear()
                self._pid, self._moved_at = os.getpid(), self._monotonic()
                self._thread = threading.Thread(
                    target=self._run, name="tallyard-subscriber", daemon=True
                )
                self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """End following, waiting that long at most."""
        self._stopping.set()
        self._link.interrupt()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(seconds)

    def alive(self) -> bool:
        """Whether the thread runs, in this process, and did something within a minute.

        A service whose updater is dead decides by an ever older snapshot: it is not ready. One
        that only cannot reach the control plane is, for as long as its snapshot's age allows.
        """
        thread = self._thread
        if thread is None or not thread.is_alive() or self._pid != os.getpid():
            return False
        return self._monotonic() - self._moved_at <= STUCK_SECONDS

    def refresh(self) -> bool:
        """Ask now, in the caller's thread; True when all that was published before is known.

        The answer's heartbeat is of a moment after this call, so the age starts anew.
        """
        try:
            self._poll()
        except _BROKEN as error:
            self._note(error)
            return False
        return True

    def before_fork(self) -> None:
        """Let no child inherit a lock that is held, or a snapshot half taken."""
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Follow by oneself: the parent's thread is not here, its connection is not ours."""
        followed = self._thread is not None
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread, self.connected = None, False
        self._link.forget()
        if followed:
            self.start()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._moved_at = self._monotonic()
            failures = 0 if self._turn() else failures + 1
            self.connected = False
            self._moved_at = self._monotonic()
            self._stopping.wait(self._pause(failures))

    def _pause(self, failures: int) -> float:
        if not failures and self._polls():
            return _POLL_SECONDS
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures, 10))
        return random.uniform(0, longest)  # noqa: S311 - only spreads load

    def _polls(self) -> bool:
        return self._monotonic() < self._poll_until

    def _turn(self) -> bool:
        """Follow until it breaks; True when something was heard meanwhile."""
        before = self.last_heard
        self._try(partial(self._poll, _POLL_WAIT) if self._polls() else self._follow)
        if self.last_heard == before and not self._stopping.is_set():
            # Perhaps only streams do not get through: then what is newest is still known.
            return self._try(self._poll)
        return self.last_heard != before

    def _try(self, ask: Callable[[], None]) -> bool:
        """Ask; False, with a note of why, where that failed in any way at all."""
        try:
            ask()
        except _BROKEN as error:
            self._note(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the thread must live on
            _log.exception("The updater failed; it goes on.")
            self.last_error = f"{type(error).__name__}: {error}"
        else:
            return True
        return False

    def _follow(self) -> None:
        for event in self._link.stream(self._have(), self._serial()):
            self._take(event)
            self.connected, self.last_error = True, None
            if self._stopping.is_set():
                return

    def _take(self, event: StreamEvent) -> None:
        envelope = Envelope.from_json(loads(event.data))
        if event.name == "keys":
            if self._trust((envelope,)) and self._untrusted():
                self._poll()
        elif event.name == "snapshot":
            self._heard(changed=self._apply(envelope))
        elif event.name == "heartbeat":
            with self._lock:
                known = self.state.apply_heartbeat(envelope)
            self._heard(changed=False)
            if not known:
                self._poll()

    def _poll(self, wait: int = 0) -> None:
        answer = self._link.fetch(self._have(), self._serial(), wait)
        if self._trust(answer.keys) and answer.snapshot is None and self._untrusted():
            answer = self._link.fetch(0, self._serial())
        changed = answer.snapshot is not None and self._apply(answer.snapshot)
        with self._lock:
            self.state.apply_heartbeat(answer.heartbeat)
        self.last_error = None
        self._heard(changed=changed)

    def _apply(self, snapshot: Envelope) -> bool:
        try:
            with self._lock:
                return self.state.apply_snapshot(snapshot)
        except SnapshotOutdated:  # something newer is held: all is well
            return False

    def _trust(self, chain: tuple[Envelope, ...]) -> bool:
        """Follow the chain of key rings; True when there was one."""
        if self._ring is None or not chain:
            return False
        for error in self._ring.follow(chain):
            _log.warning("A key ring was not taken: %s", error)
        self._heard(changed=True)
        return True

    def _serial(self) -> int:
        return self._ring.serial if self._ring else 0

    def _have(self) -> int:
        return 0 if self._untrusted() else self.state.revision

    def _untrusted(self) -> bool:
        """Whether a key that is retired by now signed what is held; it is asked for anew."""
        held = self.state.envelopes
        return self._ring is not None and bool(held) and held[0].key_id not in self._ring

    def _heard(self, *, changed: bool) -> None:
        self.last_heard = self._moved_at = self._monotonic()
        self._on_news(changed)

    def _note(self, error: BaseException) -> None:
        self.last_error = str(error) or type(error).__name__
        if isinstance(error, ControlPlaneRefused) and error.no_such_stream:
            self._poll_until = self._monotonic() + _WITHOUT_STREAM
        _log.info("The control plane is not followed now: %s", self.last_error)


def _nothing(changed: bool) -> None:  # noqa: FBT001 - the shape of every callback
    del changed
