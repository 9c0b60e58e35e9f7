"""The conformance kit: its vectors are right, two clients pass them, and whoever errs fails."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

from control_plane.sdk.conformance.__main__ import main
from control_plane.sdk.conformance.client import answer
from control_plane.sdk.conformance.runner import Verdict, run
from control_plane.sdk.conformance.suites import SUITES, cases
from tests.support import conformance

JAVASCRIPT = Path(conformance.VECTORS).parents[1] / "javascript"
EVERY = [case for suite in SUITES for case in cases(suite)]


def node() -> str:
    """The runtime that comes with the browser tests' tool."""
    return str(compute_driver_executable()[0])


def failures(command, only=EVERY):
    return [
        (outcome.case.suite, outcome.case.name)
        for outcome in run(command, only)
        if outcome.verdict is not Verdict.PASSED
    ]


@pytest.mark.parametrize("suite", conformance.SUITES, ids=lambda suite: suite.name)
def test_the_files_are_what_the_script_writes(suite):
    kept = (conformance.VECTORS / f"{suite.name}.json").read_text("utf-8")
    assert kept == conformance.text_of(suite)


def test_the_python_client_gives_every_answer_that_was_written_by_hand():
    wrong = [
        (suite.name, name)
        for suite in conformance.SUITES
        for name, asked, expected in suite.cases
        if expected is not None and answer(suite.name, suite.filled(asked)) != expected
    ]
    assert wrong == []
    assert sum(suite.by_hand for suite in conformance.SUITES) > 300
    assert tuple(suite.name for suite in conformance.SUITES) == SUITES


def test_names_of_cases_are_unique():
    names = [(case.suite, case.name) for case in EVERY]
    assert len(set(names)) == len(names)


def test_the_javascript_client_passes():
    assert failures([node(), str(JAVASCRIPT / "conformance.js")]) == []


def test_the_command_runs_a_client_and_says_how_it_did(capsys):
    assert main(["--only", "lease_sizes", "--only", "heartbeats"]) == 0
    assert capsys.readouterr().out == "heartbeats: 9 passed\nlease_sizes: 13 passed\n"

    parrot = "import sys, json\nfor line in sys.stdin: print(line, end='', flush=True)"
    assert main(["--only", "lease_sizes", "--", sys.executable, "-c", parrot]) == 1
    assert "FAILED lease_sizes: five seconds' worth" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("client", "said"),
    [
        ("pass", "the client ended"),
        ("print('hello', flush=True); input()", "not JSON"),
        ("import json, sys\nfor _ in sys.stdin: print('[]', flush=True)", "not an answer to 0"),
    ],
)
def test_a_client_that_does_not_answer_fails_and_holds_nobody_up(client, said):
    few = list(cases("lease_sizes"))[:3]
    outcomes = list(run([sys.executable, "-c", client], few))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.FAILED] * 3
    assert said in outcomes[0].output


def test_what_a_client_does_not_know_is_not_passed_over():
    client = (
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    print(json.dumps({'id': json.loads(line)['id'], 'unsupported': True}), flush=True)"
    )
    few = list(cases("lease_sizes"))[:2]
    verdicts = [outcome.verdict for outcome in run([sys.executable, "-c", client], few)]
    assert verdicts == [Verdict.UNSUPPORTED] * 2


def test_true_is_not_one():
    [case] = [c for c in cases("keyrings") if c.name == "a ring without a key"]
    one = json.dumps(case.expected).replace("true", "1")
    client = (
        "import json, sys\n"
        "for line in sys.stdin:\n"
        f"    print(json.dumps({{'id': 0, 'output': json.loads({one!r})}}), flush=True)"
    )
    assert failures([sys.executable, "-c", client], [case])


# What a client may get wrong, and the suite that must notice.
SLIPS = [
    ("envelope.js", "if (!holds)", "if (false)", "envelopes"),
    ("envelope.js", "if (encode(read) !== text)", "if (false)", "envelopes"),
    ("keyring.js", "if (serial <= this.serial) return false;", "", "keyrings"),
    ("keyring.js", "(await keyIdOf(raw)) !== keyId", "false", "keyrings"),
    ("reading.js", 'if (tenant !== null) reader.expect("tenant", tenant);', "", "snapshots"),
    ("snapshot.js", "if (end === null || windows[n].start < end)", "if (false)", "snapshots"),
    ("decimals.js", "length > PRECISION ||", "", "snapshots"),
    ("decide.js", "at < window.end", "at <= window.end", "decisions"),
    (
        "decide.js",
        "ageSeconds > maxAgeSeconds(grant)",
        "ageSeconds >= maxAgeSeconds(grant)",
        "decisions",
    ),
    (
        "decide.js",
        'leased(grant) || grant.access === "write"',
        'grant.access === "write"',
        "decisions",
    ),
    ("zones.js", "localDayStart(day + 1, zone) <= at ? day + 1 : day", "day", "quotas"),
    (
        "quota.js",
        "const weekday = (((day + THURSDAY)",
        "const weekday = (((day + THURSDAY + 1)",
        "quotas",
    ),
    ("state.js", "snapshot.revision < held.snapshot.revision", "false", "states"),
    ("state.js", "if (issuedAt <= this.#held.freshAt) return;", "", "states"),
    ("state.js", "[byWall, byMonotonic, 0n]", "[byWall, 0n]", "states"),
    ("state.js", "this.#held?.snapshot.testClockAt ?? this.#now()", "this.#now()", "states"),
    ("lease_messages.js", 'reader.expect("request_id", requestId);', "", "lease_answers"),
    ("lease_messages.js", 'reader.expect("holder", holder);', "", "lease_answers"),
    (
        "lease_messages.js",
        "const share = remaining / (2n * larger(holders, 1n));",
        "const share = remaining;",
        "lease_sizes",
    ),
    (
        "leases.js",
        "if (this.#sent?.request.request_id !== requestId) return false;",
        "if (this.#sent === null) return false;",
        "leases",
    ),
    ("leases.js", "extend(extended, result, sentAt)", "extend(extended, result, at)", "leases"),
    (
        "lease_account.js",
        "lease.left < units || !lease.alive(at)) return this.#dry",
        "lease.left < units) return this.#dry",
        "leases",
    ),
    ("lease_account.js", "if (held.confirmed !== null) return true;", "", "leases"),
    ("leases.js", 'operation.op === "acquire" ? account.lease : lease', "account.lease", "leases"),
    ("leases.js", "if (WANTING.has(operation.op)) account.giveUp(at);", "", "leases"),
    ("lease_account.js", "|| units > MOST_UNITS", "", "leases"),
    ("lease_account.js", "if (this.#terms === terms) return;", "", "leases"),
    ("lease_account.js", "this.asked, at)", "this.needed, at)", "leases"),
    ("leases.js", ".filter((old) => old.reserved === 0n)", "", "leases"),
    ("lease_shortage.js", "at < this.#until;", "true;", "leases"),
    ("lease_pauses.js", "if (!BUSY.has(status)) return 0;", "", "lease_statuses"),
    ("lease_pauses.js", "Math.min(Math.max(asked, 0), LONGEST_WAIT_MS)", "asked", "lease_statuses"),
]


@pytest.mark.parametrize("suite", sorted({slip[3] for slip in SLIPS}))
def test_slips_of_a_client_are_noticed(tmp_path, suite):
    unnoticed = []
    for n, (name, right, wrong, _) in enumerate(slip for slip in SLIPS if slip[3] == suite):
        copy = tmp_path / str(n)
        shutil.copytree(JAVASCRIPT, copy)
        source = copy / "src" / name
        text = source.read_text("utf-8")
        assert text.count(right) == 1, (name, right)
        source.write_text(text.replace(right, wrong), "utf-8")
        by_hand = [case for case in cases(suite) if not case.name.startswith("sweep")]
        if not failures([node(), str(copy / "conformance.js")], by_hand):
            unnoticed.append((name, right))
    assert unnoticed == []


def test_the_javascript_client_needs_nothing_but_its_runtime():
    package = json.loads((JAVASCRIPT / "package.json").read_text("utf-8"))
    assert not {"dependencies", "devDependencies"} & package.keys()
    imported = subprocess.run(
        ["grep", "-rhoE", 'from "[^"]+"', str(JAVASCRIPT / "src")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    assert {line for line in imported if line and '"./' not in line} == set()
