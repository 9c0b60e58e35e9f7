"""What the command line says of itself."""

import json
from importlib.metadata import version

import pytest

from tests.integration.cli.shell import Shell
from tests.support.forks import LIBRARIES, ForkServer
from web.cli import COMMANDS

VERBS = [
    *("catalog", "clean", "demo", "doctor", "invoice"),
    *("migrate", "openapi", "serve", "staff", "worker"),
]


def test_help_lists_every_verb(tallyard: Shell):
    listed = tallyard.anew("--help")

    assert listed.status == 0
    named = [line.split()[0] for line in listed.lines if line.startswith("  ") and line.strip()]
    assert [verb for verb in VERBS if verb not in named] == []


@pytest.fixture(scope="module")
def libraries():
    """A process that has imported what is not ours, and nothing of what is."""
    server = ForkServer(LIBRARIES)
    yield server
    server.stop()


def test_every_verb_loads_alone(tallyard: Shell, libraries: ForkServer, tmp_path):
    failed = {
        verb: told
        for verb in sorted(COMMANDS)
        if (told := libraries.run([verb, "--help"], tallyard.environment, tmp_path))[0] != 0
        or f"web.cli {verb} " not in told[1]
    }

    assert failed == {}


def test_a_forked_command_answers_as_one_that_starts_from_nothing(tallyard: Shell):
    for arguments in (["fly"], ["doctor"], ["staff", "create", "--name", "Ann"]):
        assert tallyard(*arguments) == tallyard.anew(*arguments)


def test_the_version_is_the_package_s(tallyard: Shell):
    assert tallyard.anew("--version").out.split()[-1] == version("tallyard")


def test_an_unknown_verb_is_refused(tallyard: Shell):
    refused = tallyard.anew("fly")

    assert refused.status == 2
    assert "'fly'" in refused.err


def test_openapi_is_printed_without_a_database(tallyard: Shell):
    printed = tallyard.anew(
        "openapi", TALLYARD_DATABASE_URL="postgresql://postgres@127.0.0.1:9/none"
    )

    document = json.loads(printed.out)
    assert document["openapi"].startswith("3.")
    assert {"/v1/subscriptions", "/v1/events", "/v1/invoices/{invoice_id}"} <= set(
        document["paths"]
    )
