"""``python -m control_plane.sdk.conformance [--only SUITE] [--] COMMAND …``: test a client.

Without a command, the Python client itself is tested. Ends with 0 when everything passed, with 1
when something failed or is not supported.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence

from control_plane.sdk.conformance.runner import Outcome, Verdict, run
from control_plane.sdk.conformance.suites import SUITES, cases

PYTHON = (sys.executable, "-m", "control_plane.sdk.conformance.client")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suites and print one line each, and every difference."""
    parser = argparse.ArgumentParser(prog="python -m control_plane.sdk.conformance")
    parser.add_argument("--only", action="append", choices=SUITES, metavar="SUITE")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    command = [part for part in options.command if part != "--"] or list(PYTHON)
    wanted = [suite for suite in SUITES if not options.only or suite in options.only]
    outcomes = list(run(command, (case for suite in wanted for case in cases(suite))))
    for outcome in outcomes:
        if outcome.verdict is Verdict.FAILED:
            _say(_difference(outcome))
    for suite in wanted:
        counted = Counter(o.verdict.value for o in outcomes if o.case.suite == suite)
        _say(f"{suite}: " + ", ".join(f"{n} {verdict}" for verdict, n in sorted(counted.items())))
    return int(any(outcome.verdict is not Verdict.PASSED for outcome in outcomes))


def _difference(outcome: Outcome) -> str:
    case = outcome.case
    expected, output = (json.dumps(o, sort_keys=True) for o in (case.expected, outcome.output))
    return f"FAILED {case.suite}: {case.name}\n  expected {expected}\n  answered {output}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    raise SystemExit(main())
