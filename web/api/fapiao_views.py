"""Fapiao as the API shows them, and what it takes."""

from datetime import date, datetime

import msgspec

from billing.domain.fapiao.records import Fapiao
from billing.domain.fapiao.title import Title
from control_plane.kernel.ids import format_id


class FapiaoTitleBody(msgspec.Struct, forbid_unknown_fields=True):
    """To whom fapiao are made out. ``kind`` is ``company`` or ``personal``."""

    kind: str
    name: str
    email: str
    tax_id: str = ""
    address: str = ""
    phone: str = ""
    bank: str = ""
    account: str = ""


class FapiaoRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The invoices (or top-ups, ``top_…``) to merge into one fapiao, ``normal`` or ``special``."""

    invoice_ids: list[str]
    kind: str = "normal"


class BuyerDecision(msgspec.Struct, forbid_unknown_fields=True):
    """What the buyer says to a red confirmation sheet."""

    accept: bool


class FapiaoOfferView(msgspec.Struct):
    """An invoice with what is left of it for a fapiao; ``obstacle`` says why none can be made."""

    invoice_id: str
    number: str
    dated: date
    total: str
    left: str
    obstacle: str | None


class FapiaoLineView(msgspec.Struct):
    """A line of a fapiao; ``discount_of`` is the position of the line it discounts."""

    position: int
    name: str
    code: str
    unit: str | None
    quantity: str | None
    net_minor: int
    rate: str
    tax_minor: int
    invoice: str
    discount_of: int | None


class FapiaoView(msgspec.Struct):
    """A fapiao. A red one's amounts are negative, and ``blue_id`` names the one it reverses."""

    id: str
    colour: str
    kind: str
    state: str
    number: str | None
    issued_at: datetime | None
    title: FapiaoTitleBody
    net: str
    tax: str
    total: str
    capitals: str
    reversed: str
    invoices: list[str]
    blue_id: str | None
    credit_note: str | None
    sheet: str | None
    failure: str | None
    retryable: bool
    requested_at: datetime


class FapiaoDetail(msgspec.Struct):
    """A fapiao with its lines, and the red ones that reverse it."""

    fapiao: FapiaoView
    lines: list[FapiaoLineView]
    reds: list[FapiaoView]


def title_body(title: Title) -> FapiaoTitleBody:
    """Show a title."""
    return FapiaoTitleBody(**title.body())


def fapiao_view(fapiao: Fapiao) -> FapiaoView:
    """Show a fapiao."""
    return FapiaoView(
        id=format_id("fap", fapiao.id),
        colour=fapiao.colour.value,
        kind=fapiao.kind.value,
        state=fapiao.state.value,
        number=fapiao.number,
        issued_at=fapiao.issued_at,
        title=title_body(fapiao.title),
        net=fapiao.content.net.decimal_text(),
        tax=fapiao.content.tax.decimal_text(),
        total=fapiao.total.decimal_text(),
        capitals=fapiao.capitals,
        reversed=fapiao.red.decimal_text(),
        invoices=[source.number for source in fapiao.sources],
        blue_id=None if fapiao.blue_id is None else format_id("fap", fapiao.blue_id),
        credit_note=fapiao.note_number,
        sheet=fapiao.sheet,
        failure=fapiao.failure,
        retryable=fapiao.retryable,
        requested_at=fapiao.requested_at,
    )


def fapiao_lines(fapiao: Fapiao) -> list[FapiaoLineView]:
    """Show the lines of a fapiao."""
    return [
        FapiaoLineView(
            position=line.position,
            name=line.name,
            code=line.code,
            unit=line.unit,
            quantity=line.quantity,
            net_minor=line.net_minor,
            rate=line.rate,
            tax_minor=line.tax_minor,
            invoice=line.source,
            discount_of=line.discount_of,
        )
        for line in fapiao.content.lines
    ]
