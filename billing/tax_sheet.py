"""From the text of a tax file to legal entities and rates, or to everything wrong with it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing.domain.fapiao.content import GoodsClass
from billing.domain.tax.countries import is_country
from billing.domain.tax.errors import TaxNumberInvalid
from billing.domain.tax.numbers import tax_number
from billing.domain.tax.parties import Address, Bank, EntityTax, LegalEntity, PrepaidPolicy
from billing.domain.tax.rates import TaxRate
from billing.domain.tax.sale import ExportCode
from billing.errors_tax import TaxFileInvalid
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault, Problem
from control_plane.catalog.source.parse import parse
from control_plane.catalog.source.words import Codes, read_name
from control_plane.kernel.currency import CURRENCIES

_PREFIX = re.compile(r"[A-Z0-9]{2,8}", re.ASCII)
_GOODS_CODE = re.compile(r"[0-9]{19}", re.ASCII)
_ENTITY_KEYS = (
    "name",
    "sandbox",
    "country",
    "tax_id",
    "registration",
    "address",
    "email",
    "phone",
    "bank",
    "currency",
    "prepaid",
    "tax",
)


class TaxCode(StrEnum):
    """Categories of tax, UNCL5305 as EN 16931 restricts it."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    OUT_OF_SCOPE = "O"
    EXPORT = "G"


@dataclass(frozen=True, slots=True)
class TaxSheet:
    """What a tax file says, in its order."""

    entities: tuple[LegalEntity, ...]
    rates: tuple[TaxRate, ...]


def read_tax_sheet(source: str) -> TaxSheet:
    """Read a tax file.

    Raises:
        TaxFileInvalid: with every problem found, each with its line and column.
    """
    problems: list[Problem] = []
    root = parse(source, problems)
    sheet = TaxSheet((), ())
    if root is not None:
        sections = root.fields(optional=("entities", "rates"))
        sheet = TaxSheet(_entities(sections.get("entities")), _rates(sections.get("rates")))
    if problems:
        raise TaxFileInvalid(problems)
    return sheet


def _entities(cursor: Cursor | None) -> tuple[LegalEntity, ...]:
    codes = Codes()
    return tuple(_entity(item, codes) for item in (cursor.items() if cursor else ()))


def _entity(cursor: Cursor, codes: Codes) -> LegalEntity:
    fields = cursor.fields(required=("code", "prefix"), optional=_ENTITY_KEYS)
    country = _country(fields.get("country"))
    tax = fields.get("tax")
    if tax is not None and country is None:
        tax.report(Fault.TAX_WITHOUT_COUNTRY)
    prepaid = fields.get("prepaid")
    return LegalEntity(
        code=codes.take(fields.get("code")),
        prefix=_prefix(fields.get("prefix")),
        name=_text(fields, "name"),
        sandbox=fields["sandbox"].boolean() if "sandbox" in fields else False,
        country=country,
        tax_id=_tax_id(fields.get("tax_id"), country),
        registration=_text(fields, "registration"),
        address=_address(fields.get("address"), country),
        email=_text(fields, "email"),
        phone=_text(fields, "phone"),
        bank=_bank(fields.get("bank")),
        currency=_currency(fields.get("currency")),
        prepaid_policy=prepaid.choice(PrepaidPolicy, PrepaidPolicy.TAX_ON_USE)
        if prepaid
        else PrepaidPolicy.TAX_ON_USE,
        tax=None if tax is None else _entity_tax(tax),
    )


def _entity_tax(cursor: Cursor) -> EntityTax:
    fields = cursor.fields(
        optional=("registrations", "oss", "export", "goods", "en16931", "fapiao")
    )
    export = fields.get("export")
    registrations = fields["registrations"].items() if "registrations" in fields else ()
    goods = fields["goods"].items() if "goods" in fields else ()
    return EntityTax(
        registrations=tuple(_jurisdiction(item) for item in registrations),
        oss=fields["oss"].boolean() if "oss" in fields else False,
        export=export.choice(ExportCode, ExportCode.FREE_EXPORT)
        if export
        else ExportCode.FREE_EXPORT,
        goods=tuple(item.code() for item in goods),
        en16931=fields["en16931"].boolean() if "en16931" in fields else False,
        goods_classes=_goods_classes(fields.get("fapiao")),
    )


def _goods_classes(cursor: Cursor | None) -> tuple[tuple[str, GoodsClass], ...]:
    """Read under which class (税收分类编码) fapiao show a tax category."""
    found = []
    for item in cursor.items() if cursor else ():
        fields = item.fields(required=("category", "code", "label"))
        if not {"category", "code", "label"} <= fields.keys():
            continue
        code = fields["code"].text()
        if not _GOODS_CODE.fullmatch(code):
            fields["code"].report(Fault.NOT_A_GOODS_CODE, value=code)
        found.append((fields["category"].code(), GoodsClass(code, fields["label"].text())))
    return tuple(found)


def _rates(cursor: Cursor | None) -> tuple[TaxRate, ...]:
    found: dict[tuple[str, str, date], TaxRate] = {}
    lines: dict[tuple[str, str, date], int] = {}
    for item in cursor.items() if cursor else ():
        rate = _rate(item)
        key = (rate.jurisdiction, rate.category, rate.valid_from)
        if key in found:
            said = f"{rate.jurisdiction} {rate.category} {rate.valid_from}"
            item.report(Fault.DUPLICATE_CODE, value=said, first=lines[key])
        found[key], lines[key] = rate, item.line
    return tuple(found.values())


def _rate(cursor: Cursor) -> TaxRate:
    fields = cursor.fields(
        required=("jurisdiction", "category", "rate", "from"), optional=("code", "to", "reason")
    )
    code = TaxCode.STANDARD
    if "code" in fields:
        code = fields["code"].choice(TaxCode, TaxCode.STANDARD)
    percent = fields["rate"].percentage() if "rate" in fields else Decimal(0)
    if percent and code is not TaxCode.STANDARD:
        fields["rate"].report(Fault.RATE_WITHOUT_TAX, value=code.value)
    begins = _day(fields.get("from")) or date.min
    ends = _day(fields.get("to"))
    if ends is not None and ends <= begins:
        fields["to"].report(Fault.BAD_WINDOW)
    return TaxRate(
        jurisdiction=_jurisdiction(fields["jurisdiction"]) if "jurisdiction" in fields else "",
        category=fields["category"].code() if "category" in fields else "",
        valid_from=begins,
        code=code.value,
        rate=percent,
        reason=read_name(fields["reason"]) if "reason" in fields else None,
        valid_to=ends,
    )


def _text(fields: Mapping[str, Cursor], name: str) -> str | None:
    return fields[name].text().strip() if name in fields else None


def _prefix(cursor: Cursor | None) -> str:
    if cursor is not None and not _PREFIX.fullmatch(cursor.raw):
        cursor.report(Fault.NOT_A_PREFIX, value=cursor.raw)
    return cursor.raw if cursor else ""


def _country(cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    if not is_country(cursor.raw):
        cursor.report(Fault.NOT_A_COUNTRY, value=cursor.raw)
    return cursor.raw


def _jurisdiction(cursor: Cursor) -> str:
    """Read a country, or a part of one such as ``US-CA``."""
    if not is_country(cursor.raw.partition("-")[0]):
        cursor.report(Fault.NOT_A_COUNTRY, value=cursor.raw)
    return cursor.raw


def _tax_id(cursor: Cursor | None, country: str | None) -> str | None:
    if cursor is None or country is None:
        return None if cursor is None else cursor.raw
    try:
        return tax_number(cursor.raw, country)
    except TaxNumberInvalid:
        cursor.report(Fault.NOT_A_TAX_NUMBER, value=cursor.raw, country=country)
        return None


def _address(cursor: Cursor | None, country: str | None) -> Address | None:
    if cursor is None:
        return None
    fields = cursor.fields(required=("line1", "city"), optional=("line2", "region", "postcode"))
    said = {name: value.raw.strip() for name, value in fields.items()}
    said.setdefault("line1", "")
    said.setdefault("city", "")
    return Address(**said, country=country or "")


def _bank(cursor: Cursor | None) -> Bank | None:
    if cursor is None:
        return None
    fields = cursor.fields(required=("name",), optional=("account", "iban", "bic"))
    said = {name: value.raw.strip() for name, value in fields.items()}
    said.setdefault("name", "")
    return Bank(**said)


def _currency(cursor: Cursor | None) -> str | None:
    if cursor is not None and cursor.raw not in CURRENCIES:
        cursor.report(Fault.UNKNOWN_CURRENCY, value=cursor.raw)
    return None if cursor is None else cursor.raw


def _day(cursor: Cursor | None) -> date | None:
    if cursor is None:
        return None
    try:
        return date.fromisoformat(cursor.raw)
    except ValueError:
        cursor.report(Fault.NOT_A_DAY, value=cursor.raw)
        return None
