"""What is kept of a fapiao, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.domain.fapiao.capitals import capital_amount
from billing.domain.fapiao.content import FapiaoContent
from billing.domain.fapiao.states import Colour, FapiaoState
from billing.domain.fapiao.title import FapiaoKind, Title
from control_plane.kernel.ids import FapiaoId, InvoiceId, TenantId, TopupId, format_id
from control_plane.kernel.money import Money

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Source:
    """An invoice, or a top-up, that a blue fapiao covers.

    ``known_notes`` are the credit notes that were taken off first. An inactive source was reversed
    or withdrawn: it is free for another fapiao.
    """

    document: InvoiceId | TopupId
    topup: bool
    number: str
    known_notes: tuple[str, ...]
    active: bool = True


@dataclass(frozen=True, slots=True)
class Fapiao:
    """A fapiao, blue or red. A red one's amounts are negative.

    ``red`` is what red ones took back, or are about to, of a blue one. ``note_number`` names the
    credit note that a red one follows from; one without reverses the whole rest.
    """

    tenant_id: TenantId
    id: FapiaoId
    colour: Colour
    kind: FapiaoKind
    entity: str
    provider: str
    state: FapiaoState
    attempt: int
    seller_name: str
    seller_tax_id: str
    title: Title
    content: FapiaoContent
    red: Money
    blue_id: FapiaoId | None
    note_number: str | None
    sheet: str | None
    number: str | None
    issued_at: datetime | None
    failure: str | None
    retryable: bool
    requested_by: str
    requested_at: datetime
    sources: tuple[Source, ...] = ()

    @property
    def total(self) -> Money:
        """价税合计."""
        return self.content.total

    @property
    def capitals(self) -> str:
        """The total in Chinese capitals."""
        return capital_amount(self.total)

    @property
    def request_id(self) -> str:
        """What the platform knows this attempt by; another attempt has another."""
        return f"{format_id('fap', self.id)}-{self.attempt}"

    @property
    def reversed(self) -> bool:
        """Whether nothing is left of a blue one."""
        return self.colour is Colour.BLUE and self.red == self.total

    def body(self) -> dict[str, Any]:
        """Return what canonical JSON keeps of the paper itself."""
        return {
            "format": FORMAT,
            "seller": {"name": self.seller_name, "tax_id": self.seller_tax_id},
            "buyer": self.title.body(),
            "lines": self.content.body(),
        }


def paper_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read the members of `Fapiao` that its body keeps."""
    return {
        "seller_name": body["seller"]["name"],
        "seller_tax_id": body["seller"]["tax_id"],
        "title": Title.from_body(body["buyer"]),
        "content": FapiaoContent.from_body(body["lines"]),
    }
