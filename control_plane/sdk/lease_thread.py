"""Keeps a process' leases: a thread that asks for what is due, and hands on what was answered."""

import http.client
import logging
import random
import threading
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from control_plane.kernel.errors import TallyardError
from control_plane.sdk.control_link import ControlLink, ControlPlaneRefused
from control_plane.sdk.courier import ControlPlaneBusy
from control_plane.sdk.envelope import Envelope, EnvelopeInvalid, verify
from control_plane.sdk.forks import watch_forks
from control_plane.sdk.lease_book import LeaseBook
from control_plane.sdk.lease_messages import LeaseRequest, parse_leases
from control_plane.sdk.lease_pauses import (
    FIRST_PAUSE_SECONDS,
    Outcome,
    Pause,
    outcome_of,
    pause_after,
)
from control_plane.sdk.waiting import RevisionGate

PATH = "/v1/service/leases"
_LOOK_SECONDS = 0.25  # between two looks at what has become due
_PATIENCE_SECONDS = 2.0
_BROKEN = (OSError, http.client.HTTPException, TallyardError, ValueError)

_log = logging.getLogger("tallyard.leases")


class LeaseThread:
    """Sends what ``book`` wants, over ``link``, in a thread of its own; safe across forks.

    Only answers to this very request, signed by ``keys`` for ``tenant``, are taken. A request
    without an answer goes again as it is, with full jitter in between.
    """

    def __init__(
        self,
        book: LeaseBook,
        link: ControlLink,
        *,
        tenant: str,
        keys: Mapping[str, Ed25519PublicKey],
    ) -> None:
        self._book, self._link, self._tenant, self._keys = book, link, tenant, keys
        self._thread: threading.Thread | None = None
        self.last_error: str | None = None
        """Why the last exchange failed, None after a good one."""
        self._set_out()
        watch_forks(self)

    def _set_out(self) -> None:
        self._needed, self._stopping = threading.Event(), threading.Event()
        self._outcomes, self._heard = 0, RevisionGate()

    def wake(self) -> None:
        """Look at once: somebody needs units."""
        self._needed.set()

    def start(self) -> None:
        """Begin; once is enough."""
        if self._thread is None or not self._thread.is_alive():
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="tallyard-leases", daemon=True)
            self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Give every lease back, as far as that goes in so many seconds, and end."""
        self._book.retire_all()
        self._stopping.set()
        self._needed.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(seconds)

    async def more(self, feature: str, units: int) -> bool:
        """Wait for the next answer, which may bring units; False if it failed, or took too long."""
        del feature, units  # the book knows what is needed
        following = self._outcomes + 1
        self.wake()
        heard = await self._heard.wait_async(lambda: self._outcomes, following, _PATIENCE_SECONDS)
        return heard and self.last_error is None

    def turn(self) -> bool:
        """Exchange what is due; True if something was, and was answered."""
        request = self._book.begin()
        if request is None:
            return False
        try:
            self._exchange(request)
        except ControlPlaneRefused as refused:
            if outcome_of(refused.status) is Outcome.REFUSE:
                self._book.reject(request.request_id)
            raise
        self._note(None)
        return True

    def before_fork(self) -> None:
        """The book comes to rest by itself."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Ask for leases of this process' own."""
        kept = self._thread is not None
        self._thread = None
        self._set_out()
        if kept:
            self.start()

    def _exchange(self, request: LeaseRequest) -> None:
        body = self._link.post(PATH, request.body())
        if not isinstance(body, dict):
            raise EnvelopeInvalid(reason="the answer is no object")
        answer = parse_leases(
            verify(Envelope.from_json(body.get("leases")), self._keys),
            tenant=self._tenant,
            holder=request.holder,
            request_id=request.request_id,
            asked=request.operations,
        )
        self._book.finish(request.request_id, answer.results)

    def _run(self) -> None:
        failures = 0
        while True:
            pause = None
            try:
                again = self.turn()
                failures = 0
            except Exception as error:  # noqa: BLE001 - whatever it is, the thread must live on
                again, failures = False, failures + 1
                pause = pause_for(error, failures)
                self._note(f"{type(error).__name__}: {error}")
                known = isinstance(error, _BROKEN)
                _log.warning("leases are asked for again: %s", self.last_error, exc_info=not known)
            if self._stopping.is_set() and not again:
                return
            if not again:
                self._wait(pause)

    def _note(self, error: str | None) -> None:
        """Tell those who wait how an exchange came out."""
        self.last_error = error
        self._outcomes += 1
        self._heard.reach(self._outcomes)

    def _wait(self, pause: Pause | None) -> None:
        """Wait for a need, or a while; after a failure not at once, whatever the need."""
        if pause is None:
            self._needed.wait(_LOOK_SECONDS)
        else:
            chosen = random.uniform(pause.least, pause.most)  # noqa: S311 - jitter, no secret
            whatever = min(chosen, max(pause.least, FIRST_PAUSE_SECONDS))
            self._stopping.wait(whatever)
            self._needed.wait(chosen - whatever)
        self._needed.clear()


def pause_for(error: Exception, failures: int) -> Pause:
    """Return how long to wait after an exchange that failed, the last of so many in a row."""
    if isinstance(error, ControlPlaneBusy):
        return pause_after(Outcome.RETRY, failures, error.seconds)
    status = error.status if isinstance(error, ControlPlaneRefused) else None
    return pause_after(outcome_of(status), failures)
