"""The documents say what is true: settings with their defaults, paths, codes, links."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from control_plane.runtime.settings import Settings
from web.asgi import create_app
from web.compose import compose
from web.docs.problems import problem_entries
from web.docs.schema import published_schema, routes

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changelog.d").glob("*.md")]
)
SETTING = re.compile(r"^\| `TALLYARD_(\w+)` \| (.+?) \| (.+) \|$", re.MULTILINE)
CALL = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w/{}.:-]+)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def app():
    return create_app(compose(Settings(secret_key="unused")))


def shown_default(field):
    if field.name == "signing_key_path":
        return "`signing_key.pem` in the folder above"
    if isinstance(field.default, bool):
        return "`yes`" if field.default else "`no`"
    return f"`{field.default}`" if str(field.default) else "*(empty)*"


def test_every_setting_is_described_with_its_default():
    described = {
        name.lower(): default
        for name, default, _ in SETTING.findall((ROOT / "docs" / "settings.md").read_text())
    }
    assert described == {field.name: shown_default(field) for field in dataclasses.fields(Settings)}


def known_calls(app):
    return {
        (method.upper(), re.sub(r"{\w+}", "{}", path))
        for path, method, _ in routes(app)
        if method != "options"
    }


def calls_in(text):
    for method, path in CALL.findall(text):
        yield method, re.sub(r"{\w+}|\b(?:sub|inv|ins|key|usr|ivt|ten)_\w+", "{}", path)


def test_every_call_that_a_document_names_exists(app):
    known = known_calls(app)
    wrong = {
        f"{document.name}: {method} {path}"
        for document in (ROOT / "docs" / "api.md", ROOT / "README.md")
        for method, path in calls_in(document.read_text())
        if (method, path.rstrip(".:")) not in known
    }
    assert wrong == set()


def curls_in(text):
    """Yield method and path of every curl command in the fenced blocks."""
    for language, block in FENCE.findall(text):
        if language not in {"", "sh", "shell"}:
            continue
        for command in re.split(r"\n(?=curl)", block.replace("\\\n", " ")):
            found = re.search(r'^curl .*?"?\$TALLYARD(/[^"\s?]*)', command.strip(), re.DOTALL)
            if found:
                method = re.search(r"-X (\w+)", command)
                yield (
                    method.group(1) if method else "GET",
                    re.sub(r"\$[A-Z]\w*|\${[^}]*}", "{}", found.group(1)),
                )


def test_every_curl_command_in_the_guide_goes_to_a_route_that_exists(app):
    found = list(curls_in((ROOT / "docs" / "api.md").read_text()))
    assert len(found) > 5
    assert [call for call in found if call not in known_calls(app)] == []


def test_every_error_code_that_the_guide_names_exists():
    guide = (ROOT / "docs" / "api.md").read_text()
    codes = {entry.code for entry in problem_entries("en")}
    named = set(re.findall(r'"code": "(\w+)"', guide)) | set(
        re.findall(r"^\| `(\w+)` \| \d{3} \|", guide, re.MULTILINE)
    )
    assert named
    assert named - codes == set()


def test_json_in_the_guide_can_be_read():
    blocks = [
        b
        for language, b in FENCE.findall((ROOT / "docs" / "api.md").read_text())
        if language == "json"
    ]
    assert blocks
    for block in blocks:
        json.loads(block)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document):
    text = document.read_text()
    local = [link for link in LINK.findall(text) if "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_every_operation_of_the_api_says_what_it_does(app):
    silent = [
        f"{method} {path}"
        for path, operations in published_schema(app)["paths"].items()
        for method, operation in operations.items()
        if not operation["summary"].endswith(".")
    ]
    assert silent == []


def test_every_field_of_a_body_that_is_a_choice_or_an_id_has_an_example(app):
    """Examples are sent by the isolation tests, so they must be of the right form."""
    document = published_schema(app)
    bodies = [
        operation["requestBody"]
        for operations in document["paths"].values()
        for operation in operations.values()
        if "requestBody" in operation
    ]
    assert bodies
    assert all(next(iter(body["content"].values())).get("schema") for body in bodies)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_error_code_has_one_status_and_a_remedy(language):
    entries = problem_entries(language)
    assert len(entries) > 40
    assert len({entry.code for entry in entries}) == len(entries)
    assert [e.code for e in entries if not all(m.message and m.remedy for m in e.meanings)] == []
