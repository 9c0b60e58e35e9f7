"""Whatever is sent to any operation: no fault of ours, and the documented form of answer."""

import re
import uuid
from contextlib import ExitStack

import anyio.from_thread
import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from control_plane.identity.domain import Permission
from tests.scenarios.isolation.kept import world_in
from tests.support.api import open_site
from web.docs.problems import problem_entries
from web.docs.schema import published_schema
from web.problems import PROBLEM_JSON, Problem

EXAMPLES = {"POSITIVE": 16, "NEGATIVE": 10}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CODES = {entry.code for entry in problem_entries("en")}
MORE = {
    "scopes": ["read"],
    "meter": "outbound_lines",
    "from": "2026-01-01T00:00:00+08:00",
    "window": "day",
    "password": "correct horse battery",
    "organisation_name": "Corner Shop",
    "language": "zh",
    "at": "2026-01-10T00:00:00+08:00",
    "expires_at": None,
    "provider": "manual",
    "method": "",
}
# Each costs a hash of argon2 by design, or starts a session; they have tests of their own.
SLOW = {"/v1/sign-ups", "/v1/sessions"}
# Who may wait up to a minute for news that nobody makes does not.
WAITING = re.compile(r"([?&]wait=)[1-9][0-9]?(?=&|$)")


class Served:
    """The application on a loop of its own, so that Hypothesis can call it from here."""

    def __init__(self, portal, site, world):
        self.portal, self.site = portal, site
        self.company = world.bella
        self.callers = (
            world.bella.key,
            world.bella.owner,
            world.bella.reporter,
            world.bella.service,
            world.finance,
            world.operator,
        )
        self.document = published_schema(site.app)
        self.succeeded = set()

    def caller(self, operation):
        """Whoever may do it, so that the input is looked at; a key where a key will do."""
        wanted = operation.definition.raw.get("x-permission")
        able = (c for c in self.callers if wanted and c.may(Permission(wanted)))
        return next(able, self.callers[0])

    def send(self, case, headers):
        raw = case.as_transport_kwargs(base_url="http://tallyard.test")
        wanted = {"method", "url", "headers", "params", "data", "json", "files", "cookies"}
        ready = requests.Request(**{k: v for k, v in raw.items() if k in wanted}).prepare()
        # Our credential instead of the one that was made up, and every byte that HTTP allows.
        own = {
            name: value
            for name, value in ready.headers.items()
            if name.lower() not in {"authorization", "cookie"}
        }
        sent = [
            (name.encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
            for name, value in {**own, **headers}.items()
        ]

        async def ask():
            async with self.site.client() as client:
                url = WAITING.sub(r"\g<1>0", ready.url)
                return await client.request(ready.method, url, headers=sent, content=ready.body)

        return self.portal.call(ask)


@pytest.fixture
def served(settings, clock, admin):
    with ExitStack() as stack:
        portal = stack.enter_context(anyio.from_thread.start_blocking_portal())
        site = stack.enter_context(portal.wrap_async_context_manager(open_site(settings, clock)))
        world = portal.call(world_in, site, admin)
        yield Served(portal, site, world)


def problem_of(answer):
    """Read a refusal strictly: an unknown member, or a missing one, is a fault."""
    assert answer.headers["content-type"] == PROBLEM_JSON
    problem = msgspec.json.decode(answer.content, type=Problem)
    assert msgspec.json.decode(answer.content).keys() <= set(Problem.__struct_fields__)
    return problem


def must_conform(served, case, answer):
    case.validate_response(answer, checks=CHECKS)
    if answer.is_success:
        served.succeeded.add(case.operation.label)
    if answer.status_code >= 400:
        problem = problem_of(answer)
        assert problem.status == answer.status_code
        assert problem.code in CODES
        assert problem.type == f"/docs/problems#{problem.code}"
        assert problem.detail
        assert problem.remedy


def make_plausible(case, served, known):
    """Put what exists, or what makes sense, in place of some of what was generated."""
    values = {**served.company.ids, **served.company.form(case.operation.path), **MORE}
    chosen = {name: values[name] for name in known if name in values}
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part.update({name: chosen[name] for name in part if name in chosen})
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


def names_of(operation):
    """What an operation's input is called, everywhere in it."""
    raw = operation.definition.raw
    names = {parameter["name"] for parameter in raw.get("parameters", [])}
    for body in operation.body:
        names |= set(body.optimized_schema.get("properties", {}))
    return sorted(names) or ["nothing"]


def faults_of(served, operation, mode):
    """Try an operation with generated input, more or less of it plausible."""
    headers = dict(served.caller(operation).headers)
    names = st.sets(st.sampled_from(names_of(operation)))

    @hypothesis_settings(
        max_examples=EXAMPLES[mode],
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(generation_mode=schemathesis.GenerationMode[mode]),
        known=names,
        all_known=st.booleans(),
    )
    def attempt(case, known, all_known):
        make_plausible(case, served, names_of(operation) if all_known else known)
        must_conform(served, case, served.send(case, headers))

    try:
        attempt()
    except Unsatisfiable:  # takes no input, so none can be wrong
        return None
    except Exception as error:  # noqa: BLE001 - every kind of failure is the finding
        return f"{type(error).__name__}: {error}"
    return None


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_no_input_breaks_an_operation_or_the_form_of_its_answer(served, mode):
    schema = schemathesis.openapi.from_dict(served.document)
    found, tried = {}, 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path in SLOW:
            continue
        fault = faults_of(served, operation, mode)
        tried += 1
        if fault is not None:
            found[operation.label] = fault[:1500]
    assert found == {}
    assert tried > 40
    if mode == "POSITIVE":  # most of what may succeed did: the input got past the door
        assert len(served.succeeded) > 35
