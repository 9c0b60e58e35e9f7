"""Doors for calls: a decorator for functions, and a middleware for ASGI applications."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar, cast

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.sdk.admission import (
    Admission,
    CallRefused,
    EntitlementUnconfirmed,
    Need,
    Recorder,
    admit,
)
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.decide import Reason

_P = ParamSpec("_P")
_R = TypeVar("_R")

More = Callable[[str, int], Awaitable[bool]]
"""Waits until units of a feature may be at hand; False if there is no use in trying again."""

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]

_STATUS = {ErrorKind.FORBIDDEN: 403, ErrorKind.EXHAUSTED: 429}
_UNAVAILABLE = 503
_TRIES = 3  # an answer may have been asked for before these units were needed
_FIRST_FAILURE = 400  # answers from here on are failures, and neither counted nor billed


@dataclass(frozen=True, slots=True)
class Guard:
    """Admits calls by ``state`` and records the usage of those that succeeded with ``recorder``.

    Asynchronous calls that find no units at hand ask ``more`` for them a few times.
    """

    state: EntitlementState
    recorder: Recorder | None = None
    more: More | None = None

    def admit(self, need: Need) -> Admission:
        """Let a call go ahead; see ``admit`` for what it raises. Never waits."""
        return admit(self.state, need, self.recorder)

    async def admit_async(self, need: Need) -> Admission:
        """Let a call go ahead; see ``admit`` for what it raises."""
        for _ in range(_TRIES):
            try:
                return self.admit(need)
            except EntitlementUnconfirmed as refused:
                if self.more is None or refused.decision.reason is not Reason.NO_LEASE:
                    raise
                if not await self.more(need.feature, need.units):
                    raise
        return self.admit(need)

    def requires(
        self,
        feature: str,
        *,
        units: int | Callable[_P, int] = 1,
        event: str | None = None,
        data: Mapping[str, int | str] | None = None,
    ) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
        """Make a function, ordinary or asynchronous, need a feature.

        ``units`` may be a function of the same arguments. A call that is refused does not run, and
        one that raises is neither counted nor billed.
        """

        def need(*args: _P.args, **kwargs: _P.kwargs) -> Need:
            wanted = units(*args, **kwargs) if callable(units) else units
            return Need(feature, wanted, event, data or {})

        def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
            if iscoroutinefunction(function):

                @wraps(function)
                async def wait(*args: _P.args, **kwargs: _P.kwargs) -> Any:
                    with await self.admit_async(need(*args, **kwargs)):
                        return await function(*args, **kwargs)

                return cast("Callable[_P, _R]", wait)

            @wraps(function)
            def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
                with self.admit(need(*args, **kwargs)):
                    return function(*args, **kwargs)

            return call

        return decorate


class EntitlementMiddleware:
    """An ASGI middleware: what ``need`` says of a request's scope decides, None lets it pass.

    A response below 400 is a success: its usage is recorded before its first byte leaves, and
    where that fails, the answer is 503 in its place. All else gives its units back. WebSockets
    pass: admit what comes through them in the application.
    """

    def __init__(
        self, app: _App, *, guard: Guard, need: Callable[[Mapping[str, Any]], Need | None]
    ) -> None:
        self._app = app
        self._guard = guard
        self._need = need

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer a request, or refuse it with a problem document."""
        need = self._need(scope) if scope["type"] == "http" else None
        if need is None:
            await self._app(scope, receive, send)
            return
        try:
            admission = await self._guard.admit_async(need)
        except TallyardError as refused:
            await _refuse(send, refused)
            return
        scope["tallyard.admission"] = admission
        with admission:
            answer = _Answer(send, admission)
            await self._app(scope, receive, answer)
            if not answer.succeeded:
                admission.fail()


class _Answer:
    """Passes a response on, once its usage is recorded."""

    def __init__(self, send: _Send, admission: Admission) -> None:
        self._send = send
        self._admission = admission
        self._refused = False
        self.succeeded = False

    async def __call__(self, message: _Message) -> None:
        if self._refused:
            return
        if message["type"] == "http.response.start" and message["status"] < _FIRST_FAILURE:
            try:
                self._admission.record()
            except TallyardError as error:
                self._refused = True
                await _refuse(self._send, error)
                return
            self.succeeded = True
        await self._send(message)


async def _refuse(send: _Send, error: TallyardError) -> None:
    """Answer with a problem document (RFC 9457)."""
    status = _STATUS.get(error.kind, _UNAVAILABLE)
    problem: dict[str, object] = {
        "type": f"urn:tallyard:problem:{error.code}",
        "status": status,
        "detail": str(error),
        "code": error.code,
        "remedy": error.advice,
    }
    headers = [(b"content-type", b"application/problem+json")]
    if isinstance(error, CallRefused):
        problem["reason"] = error.decision.reason.value
        if error.retry_after is not None:
            headers.append((b"retry-after", str(error.retry_after).encode()))
    body = json.dumps(problem).encode()
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
