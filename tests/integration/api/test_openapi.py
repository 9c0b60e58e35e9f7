"""The published OpenAPI document and the pages made of it."""

import re
from html.parser import HTMLParser

import pytest

from web.docs.problems import error_classes
from web.docs.schema import published_schema, routes
from web.problems import FRAMEWORK_PROBLEMS, STATUS_BY_KIND

HAN = re.compile(r"[\u4e00-\u9fff]")


class Page(HTMLParser):
    """What a page holds that matters here: ids, links, and code written into it."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.inline = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given[name] for name in ("href", "src") if given.get(name)]
        inline = [name for name in given if name == "style" or name.startswith("on")]
        scripted = tag == "script" and "src" not in given
        if inline or scripted or tag == "style":
            self.inline.append((tag, given))


@pytest.fixture
async def anybody(site):
    async with site.client() as client:
        yield client


@pytest.fixture
def document(site):
    return published_schema(site.app)


def operations(document):
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_the_document_is_public_and_what_the_command_prints(anybody, document):
    answer = await anybody.get("/docs/schema/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == document


async def test_the_document_names_only_the_api(document):
    others = [p for p, _, _ in operations(document) if not p.startswith(("/v1/", "/health/"))]
    assert others == []


def test_every_api_route_is_in_the_document(site, document):
    served = {
        (path, method)
        for path, method, _ in routes(site.app)
        if path.startswith("/v1/") and method != "options"
    }
    assert served - {(path, method) for path, method, _ in operations(document)} == set()


def test_every_reference_in_the_document_resolves(document):
    schemas = document["components"]["schemas"]
    named = set(re.findall(r"#/components/schemas/([\w.]+)", str(document)))
    assert named
    assert named - schemas.keys() == set()


def test_every_shape_says_what_it_is(document):
    silent = [
        name
        for name, schema in document["components"]["schemas"].items()
        if schema.get("type") == "object" and not schema.get("description")
    ]
    assert silent == []


def test_operations_have_names_of_their_own(document):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)


def test_every_guarded_operation_names_its_permission_and_how_to_sign_in(document):
    wrong = [
        path
        for path, _, operation in operations(document)
        if (operation.get("security") == []) == bool(operation.get("x-permission"))
    ]
    assert wrong == []
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_customers_writes_that_ask_for_a_key_are_those_documented_with_one(bella, document):
    """Asked, not read from the same option: the schema must not drift from the edge."""
    wrong = []
    for path, method, operation in operations(document):
        if method == "get" or operation.get("security") == [] or "/staff/" in path:
            continue
        documented = any(p["name"] == "Idempotency-Key" for p in operation.get("parameters", []))
        address = re.sub(r"{\w+}", "x", path)
        answer = await bella.client.request(method, address, content=b"{}")
        if documented != ("idempotency_key_missing" in answer.text):
            wrong.append((path, method, answer.text))
    assert wrong == []


def test_every_refusal_in_the_document_is_a_problem_document(document):
    for path, _, operation in operations(document):
        for status, answer in operation["responses"].items():
            if not status.startswith("2"):
                assert list(answer["content"]) == ["application/problem+json"], path


async def test_the_reference_shows_every_operation_and_every_link_on_it_leads_somewhere(
    anybody, document
):
    answer = await anybody.get("/docs")
    page = Page(answer.text)
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    for path, _, operation in operations(document):
        assert path in answer.text
        assert operation["operationId"] not in page.ids
    assert len(set(page.ids)) == len(page.ids)
    anchors = {link[1:] for link in page.links if link.startswith("#")}
    assert anchors - set(page.ids) == set()
    local = {link for link in page.links if link.startswith("/")}
    statuses = {link: (await anybody.get(link)).status_code for link in local}
    assert [link for link, status in statuses.items() if status >= 400] == []
    assert [link for link in page.links if not link.startswith(("#", "/"))] == []


@pytest.mark.parametrize("path", ["/docs", "/docs/problems"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_pages_hold_no_code_that_the_content_policy_would_stop(anybody, path, language):
    answer = await anybody.get(path, headers={"accept-language": language})
    assert Page(answer.text).inline == []
    assert f'lang="{language}"' in answer.text
    heading = re.search(r"<h1>(.*?)</h1>", answer.text, re.DOTALL).group(1)
    assert bool(HAN.search(heading)) == (language == "zh-CN")


async def test_every_code_has_an_anchor_where_its_problem_points(anybody, document):
    answer = await anybody.get("/docs/problems")
    codes = {error.code for error in error_classes()} | {
        code for code, _, _ in FRAMEWORK_PROBLEMS.values()
    }
    assert codes - set(Page(answer.text).ids) == set()
    refused = (await anybody.get("/v1/tenant")).json()
    assert refused["type"] == f"/docs/problems#{refused['code']}"


def test_a_code_has_one_status_wherever_it_is_raised():
    statuses = {}
    for error in error_classes():
        statuses.setdefault(error.code, set()).add(STATUS_BY_KIND[error.kind])
    for status, (code, _, _) in FRAMEWORK_PROBLEMS.items():
        statuses.setdefault(code, set()).add(status)
    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}


async def test_problems_are_explained_in_chinese_with_nothing_left_in_english(anybody):
    answer = await anybody.get("/docs/problems", headers={"accept-language": "zh-CN"})
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", answer.text, re.DOTALL)[1:]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)[-2:] for row in rows]
    assert len(cells) > 40
    assert [cell for row in cells for cell in row if not HAN.search(cell)] == []
