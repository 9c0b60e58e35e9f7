"""Fapiao as customers and finance read them."""

from dataclasses import dataclass, field
from datetime import date, datetime

from control_plane.kernel.money import Money
from web.portal.views.shell import Choice


@dataclass(frozen=True, slots=True)
class OfferRow:
    """An invoice to ask a fapiao for; ``obstacle`` says in words why none can be made."""

    invoice_id: str
    topup: bool
    number: str
    dated: date
    left: Money
    obstacle: str | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class FapiaoRow:
    """A fapiao in a list; ``customer`` is filled for finance only."""

    fapiao_id: str
    url: str
    state: str
    colour: str
    kind: str
    total: Money
    number: str | None
    requested_at: datetime
    sources: tuple[str, ...]
    failure: str | None = None
    customer: str | None = None
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class FapiaoPageView:
    """The title, what can be asked for, and what was."""

    title: dict[str, str] | None
    offers: tuple[OfferRow, ...]
    kinds: tuple[Choice, ...]
    title_kinds: tuple[Choice, ...]
    rows: tuple[FapiaoRow, ...]
    after: str | None
    may_ask: bool


@dataclass(frozen=True, slots=True)
class FapiaoLineView:
    """A line of the paper."""

    name: str
    quantity: str | None
    unit: str | None
    net: Money
    rate: str
    tax: Money
    discount: bool


@dataclass(frozen=True, slots=True)
class FapiaoSheetView:
    """One fapiao as paper, and what can be done about it. ``deeds`` are the actions offered."""

    row: FapiaoRow
    title: dict[str, str]
    seller: tuple[str, str]
    lines: tuple[FapiaoLineView, ...]
    net: Money
    tax: Money
    total: Money
    capitals: str
    issued_at: datetime | None
    sheet: str | None
    note: str | None
    retryable: bool
    reversed: Money | None
    blue: FapiaoRow | None
    reds: tuple[FapiaoRow, ...]
    base: str
    files: tuple[str, ...] = ()
    deeds: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class FapiaoQueueView:
    """All organisations' fapiao, for finance."""

    filters: tuple[Choice, ...]
    rows: tuple[FapiaoRow, ...]
    after: str | None
