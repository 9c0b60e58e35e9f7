"""Documents over the API, in the portal and in the shell."""

import csv
import io
import re
from dataclasses import replace
from uuid import UUID

import pytest

from billing.documents.hybrid import embedded
from control_plane.kernel.ids import TenantId, parse_id
from tests.integration.cli.shell import CHINESE, shell_for
from tests.support.api import PASSWORD, Company, Site, open_site
from tests.support.document_bodies import sample
from tests.support.en16931 import broken
from tests.support.planted import plant_invoice

FORMS = ("html", "csv", "ubl", "cii", "facturx")


@pytest.fixture
async def site(settings, clock):
    async with open_site(settings, clock) as opened:
        yield opened


@pytest.fixture
async def bella(site: Site):
    """A company with one invoice of its subscription, which is untaxed."""
    company = await site.company("Bella Pizza")
    started = await company.post("/v1/subscriptions", {"plan_code": "growth"})
    assert started.status_code == 201, started.text
    return company


@pytest.fixture
def european(bella: Company, admin) -> str:
    """An invoice that can be an e-invoice."""
    return plant_invoice(admin, tenant_of(bella), sample())


def tenant_of(company: Company) -> TenantId:
    found: UUID = parse_id("ten", company.tenant_id)
    return TenantId(found)


async def untaxed(company: Company) -> str:
    [invoice] = (await company.get("/v1/invoices")).json()
    return str(invoice["id"])


async def fetch(company: Company, invoice: str, form: str, **headers: str):
    return await company.client.get(f"/v1/invoices/{invoice}/{form}", headers=headers)


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
async def test_an_e_invoice_from_the_api_breaks_no_rule(bella, european, syntax):
    answer = await fetch(bella, european, syntax)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/xml")
    assert (
        f'attachment; filename="TY-2026-000042.{syntax}.xml"'
        in (answer.headers["content-disposition"])
    )
    assert broken(syntax, answer.content) == []


async def test_the_hybrid_from_the_api_holds_the_same_e_invoice(bella, european):
    hybrid, cii = [await fetch(bella, european, form) for form in ("facturx", "cii")]

    assert embedded(hybrid.content) == cii.content


async def test_what_an_e_invoice_lacks_is_named_field_by_field_in_the_readers_language(bella):
    answer = await fetch(bella, await untaxed(bella), "ubl", **{"accept-language": "zh"})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "einvoice_impossible")
    assert problem["errors"][0]["field"] == "taxes"
    assert "开票方" in problem["errors"][0]["message"]
    assert "电子发票" in problem["detail"]


async def test_the_page_speaks_the_readers_language_and_nothing_runs_on_it(bella):
    invoice = await untaxed(bella)
    answer = await fetch(bella, invoice, "html")
    chinese = await fetch(bella, invoice, "html", **{"accept-language": "zh-CN"})

    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "Amount due" in answer.text
    assert "应付金额" in chinese.text


async def test_nobody_elses_document_is_found(site, bella):
    rival, invoice = await site.company("Rival Noodles"), await untaxed(bella)

    for form in (*FORMS, "pdf"):
        answer = await fetch(rival, invoice, form)
        assert (answer.status_code, answer.json()["code"]) == (404, "invoice_not_found")


async def test_the_lines_of_all_invoices_are_one_file(bella, european):
    answer = await bella.get("/v1/invoice-lines")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["document"] for row in rows} == {"TY-2026-000001", "TY-2026-000042"}
    assert answer.content.count(b"\xef\xbb\xbf") == 1
    later = await bella.get("/v1/invoice-lines", dated_from="2026-03-31")
    assert b"TY-2026-000001" not in later.content


async def test_the_portals_menu_gives_every_form(site, bella, european):
    session = await site.application.sign_in(email=bella.email, password=PASSWORD)
    async with site.client(cookie=f"tallyard_session={session.secret}") as browser:
        page = await browser.get(f"/portal/invoices/{european}", headers={"accept": "text/html"})
        offered = re.findall(rf'href="(/portal/invoices/{european}/document\?form=\w+)"', page.text)
        answers = [await browser.get(address) for address in offered]

    assert [address.partition("=")[2] for address in offered] == [
        "html",
        "csv",
        "facturx",
        "ubl",
        "cii",
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert all("TY-2026-000042" in a.headers["content-disposition"] for a in answers)


async def test_the_shell_writes_a_document_of_any_tenant(settings, bella, european, tmp_path):
    tallyard, target = shell_for(settings), tmp_path / "invoice.xml"

    done = tallyard("invoice", "export", "TY-2026-000042", "--as", "ubl", "--output", str(target))

    assert done.status == 0, done.err
    assert broken("ubl", target.read_bytes()) == []
    assert str(target) in done.out


async def test_the_shell_refuses_in_the_readers_language(settings, bella, tmp_path):
    tallyard, target = shell_for(settings), tmp_path / "invoice.xml"
    arguments = ("invoice", "export", "TY-2026-000001", "--as", "cii", "--output", str(target))

    refused = tallyard(*arguments, LC_ALL=CHINESE)
    unknown = tallyard("invoice", "export", "TY-2026-999999")

    assert refused.status != 0
    assert "电子发票" in refused.err
    assert not target.exists()
    assert unknown.status != 0
    assert "TY-2026-999999" in unknown.err


async def test_a_logo_in_the_folder_stands_on_the_paper(settings, clock, tmp_path):
    settings = replace(settings, documents_dir=tmp_path)
    (tmp_path / "logo.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    )
    async with open_site(settings, clock) as site:
        company = await site.company("Bella Pizza")
        await company.post("/v1/subscriptions", {"plan_code": "growth"})
        page = await fetch(company, await untaxed(company), "html")
        paper = await fetch(company, await untaxed(company), "pdf")

    assert "data:image/svg+xml" in page.text
    assert paper.content.startswith(b"%PDF-")
