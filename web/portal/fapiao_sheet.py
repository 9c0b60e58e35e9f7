"""A fapiao as a page shows it: the same paper for the customer and for finance."""

from typing import Final

from billing.domain.fapiao.content import CNY, EXEMPT, UNTAXED, FapiaoLine
from billing.domain.fapiao.records import Fapiao
from billing.domain.fapiao.states import IN_FLIGHT, STOPPED, Colour, FapiaoState
from billing.fapiao_port import FileForm
from billing.providers.fapiao.simulator import SIMULATOR
from billing.services.fapiao.list_fapiao import FapiaoView
from control_plane.kernel.ids import format_id
from control_plane.kernel.money import Money
from web.i18n import N_, translate
from web.portal.views.fapiao import FapiaoLineView, FapiaoRow, FapiaoSheetView

RATES: Final = {UNTAXED: N_("not taxed"), EXEMPT: N_("exempt")}
_SIMULATED_FILES: Final = (FileForm.PDF.value, FileForm.XML.value)


def row_of(
    fapiao: Fapiao, url: str, *, customer: str | None = None, sandbox: bool = False
) -> FapiaoRow:
    """Show a fapiao in a list."""
    state = "reversed" if fapiao.reversed else fapiao.state.value
    return FapiaoRow(
        fapiao_id=format_id("fap", fapiao.id),
        url=f"{url}/{format_id('fap', fapiao.id)}",
        state=f"fapiao_{state}",
        colour=fapiao.colour.value,
        kind=fapiao.kind.value,
        total=fapiao.total,
        number=fapiao.number,
        requested_at=fapiao.requested_at,
        sources=tuple(source.number for source in fapiao.sources),
        failure=fapiao.failure,
        customer=customer,
        sandbox=sandbox,
    )


def sheet_of(found: FapiaoView, url: str, deeds: frozenset[str], language: str) -> FapiaoSheetView:
    """Show one fapiao; ``url`` is where its kind of page lives."""
    fapiao = found.fapiao
    own = row_of(fapiao, url)
    return FapiaoSheetView(
        row=own,
        title=fapiao.title.body(),
        seller=(fapiao.seller_name, fapiao.seller_tax_id),
        lines=tuple(_line(line, language) for line in fapiao.content.lines),
        net=fapiao.content.net,
        tax=fapiao.content.tax,
        total=fapiao.total,
        capitals=fapiao.capitals,
        issued_at=fapiao.issued_at,
        sheet=fapiao.sheet,
        note=fapiao.note_number,
        retryable=fapiao.retryable,
        reversed=fapiao.red if fapiao.red.minor else None,
        blue=None if found.blue is None else row_of(found.blue, url),
        reds=tuple(row_of(red, url) for red in found.reds),
        base=own.url,
        files=_SIMULATED_FILES if fapiao.number and fapiao.provider == SIMULATOR else (),
        deeds=deeds,
    )


def customer_deeds(fapiao: Fapiao) -> frozenset[str]:
    """Name what a customer may do about a fapiao as it stands."""
    deeds = set()
    if fapiao.state in STOPPED and fapiao.colour is Colour.BLUE:
        deeds.update({"retry", "withdraw"})
    if fapiao.state is FapiaoState.AWAITING_BUYER and fapiao.provider == SIMULATOR:
        deeds.add("play")
    return frozenset(deeds)


def finance_deeds(fapiao: Fapiao) -> frozenset[str]:
    """Name what finance may do about a fapiao as it stands."""
    deeds = set()
    if fapiao.state in STOPPED:
        deeds.update({"retry", "withdraw"})
    if fapiao.state in IN_FLIGHT and fapiao.provider != SIMULATOR:
        deeds.add("record")
    blue = fapiao.colour is Colour.BLUE and fapiao.state is FapiaoState.ISSUED
    if blue and not fapiao.reversed:
        deeds.add("reverse")
    return frozenset(deeds)


def _line(line: FapiaoLine, language: str) -> FapiaoLineView:
    word = RATES.get(line.rate)
    return FapiaoLineView(
        name=line.name,
        quantity=line.quantity,
        unit=line.unit,
        net=Money(line.net_minor, CNY),
        rate=f"{line.rate}%" if word is None else translate(language, word),
        tax=Money(line.tax_minor, CNY),
        discount=line.discount_of is not None,
    )
