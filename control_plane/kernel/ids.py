"""Identifiers: UUIDv7 inside, ``sub_01h…`` at the edge, one ``NewType`` per entity."""

import os
import threading
import time
from contextlib import suppress
from typing import NewType
from uuid import UUID

from control_plane.kernel.errors import ErrorKind, TallyardError

TenantId = NewType("TenantId", UUID)
UserId = NewType("UserId", UUID)
SessionId = NewType("SessionId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
ServiceTokenId = NewType("ServiceTokenId", UUID)
SubscriptionId = NewType("SubscriptionId", UUID)
ChangeId = NewType("ChangeId", UUID)
PlanVersionId = NewType("PlanVersionId", UUID)
AddonVersionId = NewType("AddonVersionId", UUID)
InvoiceId = NewType("InvoiceId", UUID)
InvoiceLineId = NewType("InvoiceLineId", UUID)
InstanceId = NewType("InstanceId", UUID)
CreditNoteId = NewType("CreditNoteId", UUID)
PaymentId = NewType("PaymentId", UUID)
FapiaoId = NewType("FapiaoId", UUID)
MembershipId = NewType("MembershipId", UUID)
ConsolidatedInvoiceId = NewType("ConsolidatedInvoiceId", UUID)
LedgerTransactionId = NewType("LedgerTransactionId", UUID)
RedemptionId = NewType("RedemptionId", UUID)
CreditId = NewType("CreditId", UUID)
CreditScheduleId = NewType("CreditScheduleId", UUID)
WalletId = NewType("WalletId", UUID)
TopupId = NewType("TopupId", UUID)
ExemptionId = NewType("ExemptionId", UUID)
OutboxId = NewType("OutboxId", UUID)
JobId = NewType("JobId", UUID)
AuditId = NewType("AuditId", UUID)
QuoteId = NewType("QuoteId", UUID)
LeaseId = NewType("LeaseId", UUID)
PlanMigrationId = NewType("PlanMigrationId", UUID)
WebhookEndpointId = NewType("WebhookEndpointId", UUID)
WebhookMessageId = NewType("WebhookMessageId", UUID)
WebhookDeliveryId = NewType("WebhookDeliveryId", UUID)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_TEXT_LENGTH = 26
_NANOSECONDS_PER_MILLISECOND = 1_000_000
_TICK_BITS = 12  # a tick is 1/4096 of a millisecond: RFC 9562, section 6.2, method 3
_RANDOM_BITS = 62
_RANDOM_BYTES = 4096


class InvalidId(TallyardError):
    """A text is not an identifier of the kind asked for."""

    code = "invalid_id"
    kind = ErrorKind.INVALID
    message = "“{value}” is not an identifier of the form {prefix}_…"
    remedy = "Use the identifier exactly as Tallyard returned it."


class _Ticks:
    """A clock of 1/4096 ms that never gives the same tick twice, even when set back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        now = (time.time_ns() << _TICK_BITS) // _NANOSECONDS_PER_MILLISECOND
        with self._lock:
            self._last = max(now, self._last + 1)
            return self._last


_ticks = _Ticks()


class _RandomBits:
    """Random numbers of the operating system, 62 bits each, asked for by the hundred.

    Each asking lets other threads in, and waits until they let go of the interpreter again.
    """

    def __init__(self) -> None:
        self._ready: list[int] = []
        with suppress(AttributeError):  # where nothing forks
            os.register_at_fork(after_in_child=self._ready.clear)  # two processes, two sequences

    def next(self) -> int:
        while True:
            try:
                return self._ready.pop() >> 64 - _RANDOM_BITS
            except IndexError:
                self._ready.extend(memoryview(os.urandom(_RANDOM_BYTES)).cast("Q"))


_random_bits = _RandomBits()


def new_id() -> UUID:
    """Mint a UUIDv7 (RFC 9562). Within one process each is greater than the one before."""
    ticks = _ticks.next()
    milliseconds, fraction = ticks >> _TICK_BITS, ticks & ((1 << _TICK_BITS) - 1)
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | fraction << 64
    value |= 0b10 << _RANDOM_BITS | _random_bits.next()
    return UUID(int=value)


def format_id(prefix: str, value: UUID) -> str:
    """Return the text form: ``prefix``, an underscore, 26 characters. It sorts as the id does."""
    number = value.int
    letters = [_ALPHABET[(number >> shift) & 31] for shift in range(125, -5, -5)]
    return f"{prefix}_{''.join(letters)}"


def parse_id(prefix: str, text: str) -> UUID:
    """Read the text form back; only the exact form that ``format_id`` gives is taken.

    Raises:
        InvalidId: another prefix, length or alphabet, or a number beyond 128 bits.
    """
    head, separator, letters = text.partition("_")
    digits = [_VALUES.get(letter) for letter in letters]
    number = 0
    for digit in digits:
        if digit is None:
            raise InvalidId(value=text, prefix=prefix)
        number = number << 5 | digit
    if (head, separator, len(digits)) != (prefix, "_", _TEXT_LENGTH) or number >> 128:
        raise InvalidId(value=text, prefix=prefix)
    return UUID(int=number)
