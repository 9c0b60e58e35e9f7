"""What billing needs from whoever issues fapiao: the tax platform, or a service before it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from billing.domain.fapiao.content import FapiaoContent
from billing.domain.fapiao.title import FapiaoKind, Title
from control_plane.kernel.ids import TenantId


class PlatformState(StrEnum):
    """How a request stands at the platform."""

    PENDING = "pending"
    ISSUED = "issued"
    FAILED = "failed"
    """Refused for good: this request will never become a fapiao."""
    AWAITING_BUYER = "awaiting_buyer"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    """The buyer refused the red confirmation sheet, or let it lapse."""


class FileForm(StrEnum):
    """The forms in which a digital fapiao is handed over."""

    XML = "xml"
    PDF = "pdf"
    OFD = "ofd"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the platform says of a request.

    ``number`` has 20 digits once issued. ``sheet`` is the number of the red confirmation sheet.
    ``failure`` is the platform's reason, for people; ``retryable`` says whether the same content
    may succeed later.
    """

    state: PlatformState
    number: str | None = None
    issued_at: datetime | None = None
    sheet: str | None = None
    failure: str | None = None
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Seller:
    """Who issues, as the platform knows it."""

    name: str
    tax_id: str


@dataclass(frozen=True, slots=True)
class BlueRequest:
    """A fapiao to issue. ``request_id`` is ours, and issues at most one."""

    tenant_id: TenantId
    request_id: str
    kind: FapiaoKind
    seller: Seller
    buyer: Title
    content: FapiaoContent


@dataclass(frozen=True, slots=True)
class RedRequest:
    """A red fapiao to issue against the blue one of ``blue_number``; its content is negative."""

    tenant_id: TenantId
    request_id: str
    blue_number: str
    kind: FapiaoKind
    seller: Seller
    buyer: Title
    content: FapiaoContent


@dataclass(frozen=True, slots=True)
class FapiaoFile:
    """A downloaded file."""

    content: bytes
    media_type: str


class FapiaoProvider(Protocol):
    """Issues fapiao, at most one for each of our request ids, whatever is repeated.

    A call that raises FapiaoPlatformUnavailable may have acted: ask `find` before repeating it.
    """

    @property
    def name(self) -> str:
        """The provider's stable name."""

    @property
    def real(self) -> bool:
        """Whether the tax administration sees what it issues, so that no sandbox may use it."""

    @property
    def automatic(self) -> bool:
        """Whether it issues by itself; otherwise a person does, and records the number here."""

    async def submit(self, request: BlueRequest) -> Standing:
        """Ask for a blue fapiao; the same request id again gives the standing it has.

        Raises:
            FapiaoPlatformUnavailable: there was no answer; the outcome is unknown.
        """

    async def request_red(self, request: RedRequest) -> Standing:
        """Open the red confirmation sheet; the same request id again gives its standing.

        It is confirmed at once where the buyer has no say.

        Raises:
            FapiaoPlatformUnavailable: there was no answer; the outcome is unknown.
        """

    async def issue_red(self, tenant_id: TenantId, request_id: str) -> Standing:
        """Issue the red fapiao of a confirmed sheet; before that, and again, its standing.

        Raises:
            FapiaoPlatformUnavailable: there was no answer; the outcome is unknown.
        """

    async def find(self, tenant_id: TenantId, request_id: str) -> Standing | None:
        """Return how a request stands; None when it never arrived.

        Raises:
            FapiaoPlatformUnavailable: there was no answer.
        """

    async def download(self, tenant_id: TenantId, request_id: str, form: FileForm) -> FapiaoFile:
        """Return the file of an issued fapiao.

        Raises:
            FapiaoFileUnavailable: there is none of that form.
            FapiaoPlatformUnavailable: there was no answer.
        """
