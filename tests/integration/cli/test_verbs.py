"""What the command line says of itself."""

import json
from importlib.metadata import version

from tests.integration.cli.shell import Shell

VERBS = [
    *("catalog", "clean", "demo", "doctor", "invoice"),
    *("migrate", "openapi", "serve", "staff", "worker"),
]


def test_help_lists_every_verb(tallyard: Shell):
    listed = tallyard("--help")

    assert listed.status == 0
    named = [line.split()[0] for line in listed.lines if line.startswith("  ") and line.strip()]
    assert [verb for verb in VERBS if verb not in named] == []


def test_the_version_is_the_package_s(tallyard: Shell):
    assert tallyard("--version").out.split()[-1] == version("tallyard")


def test_an_unknown_verb_is_refused(tallyard: Shell):
    refused = tallyard("fly")

    assert refused.status == 2
    assert "'fly'" in refused.err


def test_openapi_is_printed_without_a_database(tallyard: Shell):
    printed = tallyard("openapi", TALLYARD_DATABASE_URL="postgresql://postgres@127.0.0.1:9/none")

    document = json.loads(printed.out)
    assert document["openapi"].startswith("3.")
    assert {"/v1/subscriptions", "/v1/events", "/v1/invoices/{invoice_id}"} <= set(
        document["paths"]
    )
