"""Documents as a web page and as rows for a spreadsheet."""

import csv
import io
import re
from dataclasses import replace

import pytest

from billing.documents.content import read_document
from billing.documents.exporting import DocumentForm, file_name
from billing.documents.lines_csv import BYTE_ORDER_MARK, COLUMNS, lines_csv, safe
from tests.support.document_bodies import (
    BUYER,
    assembled,
    charged,
    invoice_body,
    money,
    sample,
    sample_note,
    text,
)
from tests.support.old_bodies import old_body
from tests.support.papers import exported


def page(body, language="en", **more):
    return exported(body, DocumentForm.HTML, language, **more).content.decode()


def rows(*bodies, language="en"):
    content = b"".join(lines_csv(map(read_document, bodies), language))
    return list(csv.DictReader(io.StringIO(content.removeprefix(BYTE_ORDER_MARK).decode())))


def test_the_page_says_what_the_paper_says():
    html = page(sample())

    for shown in ("TY-2026-000042", "Bella Pizza S.à r.l.", "7,234 lines", "445.29", "414.40"):
        assert shown in html
    assert '<html lang="en">' in html
    assert '<html lang="zh-CN">' in page(sample(), "zh")


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing():
    html = page(sample())

    assert re.findall(r'(?:src|href)="(?!data:)', html) == []
    assert "<script" not in html
    assert "url(" not in html


def test_a_name_is_text_and_never_markup():
    evil = replace(BUYER, name="<script>alert(1)</script>")

    html = page(sample(buyer=evil))

    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_the_page_of_an_old_body_and_of_a_credit_note():
    assert "No tax is included." in page(old_body())
    assert "Total credited" in page(sample_note())


def test_a_logo_travels_inside_the_page(tmp_path):
    (tmp_path / "logo-live.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")

    html = page(sample(), logos=tmp_path)

    assert 'src="data:image/svg+xml;base64,' in html
    assert 'alt="Logo of Tallyard GmbH"' in html


def test_a_row_for_each_line_with_its_amounts():
    first, second, _ = rows(sample())

    assert first["document"] == "TY-2026-000042"
    assert (first["amount"], first["discount"], first["net"]) == ("199.00", "-27.60", "171.40")
    assert (second["quantity"], second["unit"], second["cost_centre"]) == ("7234", "lines", "4711")
    assert second["tags"] == "warehouse=Hamburg"
    assert (second["tax_code"], second["tax_rate"]) == ("S", "19")
    assert tuple(first) == COLUMNS


def test_a_credit_note_takes_back_so_that_columns_add_up():
    *_, note = rows(sample(), sample_note())

    assert note["kind"] == "credit_note"
    assert note["corrects"] == "TY-2026-000042"
    assert note["net"] == "-64.19"


def test_an_old_body_has_rows_too():
    assert [row["net"] for row in rows(old_body())] == ["-1031.74", "2064.00"]


def test_excel_takes_the_file_for_utf_8():
    file = exported(sample(), DocumentForm.CSV, "zh")

    assert file.content.startswith(b"\xef\xbb\xbf")
    assert "出库行" in file.content.decode()


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\N{FULLWIDTH EQUALS SIGN}"]
)
def test_no_cell_is_run_as_a_formula(start):
    body = sample(buyer=replace(BUYER, name=f"{start}cmd|' /C calc'!A0"))

    assert all(row["customer"].startswith("'") for row in rows(body))


def test_ordinary_cells_stay_as_they_are():
    assert safe("a-b=c") == "a-b=c"
    assert safe("") == ""


def test_a_cell_with_quotes_and_line_breaks_stays_one_cell():
    line = charged("a#1", money("1.00"), name=text('He said "x",\nthen y'))

    [row] = rows(invoice_body(assembled([line])))

    assert row["description"].endswith('He said "x",\nthen y')


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (DocumentForm.PDF, "TY-2026-000042.pdf"),
        (DocumentForm.UBL, "TY-2026-000042.ubl.xml"),
        (DocumentForm.FACTURX, "TY-2026-000042.facturx.pdf"),
    ],
)
def test_a_file_is_named_after_its_document(form, name):
    assert exported(sample(), form).name == name


def test_a_file_name_holds_nothing_that_a_header_could_take_amiss():
    assert file_name('a"/..\r\n贷', DocumentForm.CSV) == "a--..---.csv"
