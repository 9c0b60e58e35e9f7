"""Puts vectors to a client command, one line of JSON each way, and compares what it answers."""

import json
import queue
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any

from control_plane.sdk.conformance.suites import Case

CASE_SECONDS = 20.0


class Verdict(StrEnum):
    """What a client made of a case."""

    PASSED = "passed"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case, what became of it, and what the client answered (a text where it answered none)."""

    case: Case
    verdict: Verdict
    output: Any


def run(command: Sequence[str], cases: Iterable[Case]) -> Iterator[Outcome]:
    """Start the command, ask it every case, and yield what it answered.

    Once it has ended, or been silent for 20 seconds, the remaining cases fail.
    """
    client = _Client(command)
    try:
        for number, case in enumerate(cases):
            yield client.ask(number, case)
    finally:
        client.close()


class _Client:
    """A client process. Its lines are read by a thread, so that silence can be told."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._gone = ""
        assert self._process.stdin is not None  # noqa: S101 - piped above
        assert self._process.stdout is not None  # noqa: S101 - piped above
        self._stdin, stdout = self._process.stdin, self._process.stdout
        threading.Thread(target=self._read, args=(stdout,), daemon=True).start()

    def ask(self, number: int, case: Case) -> Outcome:
        """Send one case and judge the answer."""
        if not self._gone:
            self._send({"id": number, "suite": case.suite, "input": case.input})
        line = None if self._gone else self._line()
        if line is None:
            return Outcome(case, Verdict.FAILED, self._gone)
        return _judge(case, number, line)

    def close(self) -> None:
        """Let the client end, or end it."""
        try:
            self._stdin.close()
            self._process.wait(5)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._stdin.write(json.dumps(message) + "\n")
            self._stdin.flush()
        except OSError:
            self._gone = "the client reads no more"

    def _line(self) -> str | None:
        try:
            line = self._lines.get(timeout=CASE_SECONDS)
        except queue.Empty:
            self._gone = f"no answer in {CASE_SECONDS:g} seconds"
            return None
        if line is None:
            self._gone = "the client ended"
        return line

    def _read(self, stdout: IO[str]) -> None:
        for line in stdout:
            self._lines.put(line)
        self._lines.put(None)


def _judge(case: Case, number: int, line: str) -> Outcome:
    try:
        answer = json.loads(line)
    except ValueError:
        return Outcome(case, Verdict.FAILED, f"not JSON: {line[:200]}")
    if not isinstance(answer, dict) or answer.get("id") != number:
        return Outcome(case, Verdict.FAILED, f"not an answer to {number}: {line[:200]}")
    if answer.get("unsupported") is True:
        return Outcome(case, Verdict.UNSUPPORTED, None)
    output = answer.get("output", answer.get("error"))
    return Outcome(case, Verdict.PASSED if _same(output, case.expected) else Verdict.FAILED, output)


def _same(one: Any, other: Any) -> bool:
    """Compare as JSON, which tells true from 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
