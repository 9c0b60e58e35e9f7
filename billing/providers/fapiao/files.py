"""The files of a simulated fapiao: XML to read by programs, and a PDF that looks like one."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import pylopdf_fonts_zh_cn
import typst

from billing.domain.fapiao.capitals import capital_amount
from billing.domain.fapiao.content import CNY, EXEMPT, UNTAXED
from billing.domain.numbers import grouped
from control_plane.kernel.instants import local_date, parse_instant
from control_plane.kernel.money import Money

Record = Mapping[str, Any]
RATE_WORDS = {UNTAXED: "不征税", EXEMPT: "免税"}
_TITLES = {"normal": "电子发票（普通发票）", "special": "电子发票（增值税专用发票）"}  # noqa: RUF001
_ZONE = "Asia/Shanghai"


def xml_of(record: Record) -> bytes:
    """Return the fapiao as XML; amounts are yuan with two decimals."""
    root = Element("SimulatedFapiao", number=record["number"], colour=record["colour"])
    root.set("kind", record["kind"])
    root.set("issued", record["issued_at"])
    for role in ("seller", "buyer"):
        party = SubElement(root, role.title())
        for name, value in sorted(record[role].items()):
            if value and name != "kind":
                SubElement(party, name.replace("_", "").title()).text = str(value)
    for line in record["lines"]:
        SubElement(
            root,
            "Line",
            position=str(line["position"]),
            name=line["name"],
            code=line["code"],
            amount=_yuan(line["net_minor"]),
            rate=line["rate"],
            tax=_yuan(line["tax_minor"]),
        )
    net, tax = _sums(record)
    sums = SubElement(root, "Sums", amount=_yuan(net), tax=_yuan(tax), total=_yuan(net + tax))
    sums.set("capitals", capital_amount(Money(net + tax, CNY)))
    if record["colour"] == "red":
        SubElement(root, "Blue", number=record["blue_number"], sheet=record["sheet"])
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def pdf_of(record: Record) -> bytes:
    """Return the fapiao as a PDF of one paper or more, marked as simulated."""
    net, tax = _sums(record)
    dated = local_date(parse_instant(record["issued_at"]), _ZONE)
    red = record["colour"] == "red"
    data = {
        "title": _TITLES[record["kind"]],
        "red": red,
        "number": record["number"],
        "dated": f"{dated.year}年{dated.month:02d}月{dated.day:02d}日",
        "buyer": [record["buyer"]["name"], record["buyer"]["tax_id"]],
        "seller": [record["seller"]["name"], record["seller"]["tax_id"]],
        "lines": [_row(line) for line in record["lines"]],
        "net": _money(net),
        "tax": _money(tax),
        "total": _money(net + tax),
        "capitals": capital_amount(Money(net + tax, CNY)),
        "remarks": _remarks(record),
    }
    template = (files("billing") / "providers" / "fapiao" / "paper.typ").read_bytes()
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(pylopdf_fonts_zh_cn.sans_path().parent)],
    )
    compiler = typst.Compiler(font_paths=fonts, ignore_system_fonts=True)
    drawn: bytes = compiler.compile(  # type: ignore[type-var, assignment]  # its stubs lag behind
        {"main": template},
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )
    return drawn


def _remarks(record: Record) -> str:
    buyer = record["buyer"]
    said = [f"{word}: {buyer[name]}" for name, word in _BANK if buyer[name]]
    if record["colour"] == "red":
        said.append(f"被红冲蓝字数电发票号码: {record['blue_number']}")
        said.append(f"红字发票信息确认单编号: {record['sheet']}")
    return "  ".join(said)


_BANK = (
    ("address", "购买方地址"),
    ("phone", "电话"),
    ("bank", "开户银行"),
    ("account", "银行账号"),
)


def _row(line: Record) -> list[str]:
    rate = RATE_WORDS.get(line["rate"], f"{line['rate']}%")
    texts = (line["name"], line["unit"] or "", line["quantity"] or "")
    tax = _money(line["tax_minor"]) if line["tax_minor"] or rate.endswith("%") else "***"
    return [*texts, _money(line["net_minor"]), rate, tax]


def _sums(record: Record) -> tuple[int, int]:
    lines = record["lines"]
    return sum(x["net_minor"] for x in lines), sum(x["tax_minor"] for x in lines)


def _yuan(minor: int) -> str:
    return Money(minor, CNY).decimal_text()


def _money(minor: int) -> str:
    return grouped(_yuan(minor))
