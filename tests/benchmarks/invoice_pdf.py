"""An invoice as PDF: our whole way, from frozen bytes to file, to a bare compile of the template.

The baseline hands Typst the same template, pictures and data, already written out, and asks for the
same kind of PDF. Ours reads the body, writes every text out, draws the QR code, and compiles.
"""

import json
import time
from collections.abc import Callable, Iterable
from importlib.resources import files
from statistics import median

import typst

from billing.documents.content import read_document
from billing.documents.exporting import DocumentForm, Exporter, Frozen
from billing.documents.fonts import font_files
from billing.documents.invoice_pdf import template_data
from billing.documents.payment_code import code_svg
from billing.documents.sheet import Beside, SheetWriter
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from tests.support.document_bodies import assembled, charged, invoice_body

ROUNDS = {"small": 40, "full": 400}
LINES = (12, 300)
PAY_URL = "https://tallyard.example/portal/invoices/inv_01m3x7k2v9q4w8e5r6t1y0zabc"
SHA256 = "0123456789abcdef" * 4


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield the median of an ordinary invoice, and of a long one."""
    for lines in LINES:
        rounds = ROUNDS[size] if lines == LINES[0] else max(5, ROUNDS[size] // 10)
        yield _figure(lines, rounds)


def _figure(lines: int, rounds: int) -> dict[str, object]:
    ours, bare = _alternate([_frozen(lines, number) for number in range(2 * rounds + 2)])
    return {
        "name": "invoice_pdf",
        "value": round(ours, 2),
        "unit": "ms (median)",
        "baseline": round(bare, 2),
        "ratio": round(ours / bare, 3),
        "conditions": {
            "lines": lines,
            "rounds": rounds,
            "baseline_is": "typst.compile of the same template with its data written out",
        },
    }


def _frozen(lines: int, number: int) -> bytes:
    """Return bytes like no others: Typst remembers what it has laid out before."""
    steps = ({"step": "fee", "amount": "19.90"},) if lines == LINES[0] else ()
    rated = [
        charged(f"{n}#1", Money(1000 + 7 * n + number, currency("EUR")), steps=steps)
        for n in range(lines)
    ]
    return canonical_json(invoice_body(assembled(rated), number=f"TY-2026-{number:06}"))


def _alternate(bodies: list[bytes]) -> tuple[float, float]:
    """Take turns, so that whatever else the machine does falls on both; medians, milliseconds."""
    taken: tuple[list[float], list[float]] = ([], [])
    prepared = [_ours(body) if n % 2 == 0 else _bare(body) for n, body in enumerate(bodies)]
    for number, work in enumerate(prepared):
        started = time.perf_counter()
        work()
        taken[number % 2].append((time.perf_counter() - started) * 1000)
    return median(taken[0][1:]), median(taken[1][1:])


def _ours(frozen: bytes) -> Callable[[], bytes]:
    exporter = Exporter()

    def whole_way() -> bytes:
        document = read_document(json.loads(frozen))
        file = exporter.export(Frozen(document, SHA256, PAY_URL), DocumentForm.PDF, "en")
        return file.content

    return whole_way


def _bare(frozen: bytes) -> Callable[[], bytes]:
    sheet = SheetWriter("en").write(read_document(json.loads(frozen)), Beside(SHA256, PAY_URL))
    assert sheet.code is not None
    sources = {
        "main": (files("billing.documents") / "invoice.typ").read_bytes(),
        "qr.svg": code_svg(sheet.code),
    }
    data = template_data(sheet)
    folders = [file.parent for file in font_files()]

    def compile_bare() -> bytes:
        drawn: bytes = typst.compile(
            sources,
            font_paths=folders,
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            sys_inputs={"data": data},
        )
        return drawn

    return compile_bare
