"""Confirmation tokens: what was shown, signed, so that exactly that can be charged."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.domain.rating import InvoiceLine
from billing.errors import PreviewExpired, PreviewInvalid, PreviewOvertaken, PreviewStale
from control_plane.kernel.calendar import instant_text, parse_instant
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.ids import TenantId

VALID_FOR = timedelta(minutes=15)
"""How long a preview may be confirmed, on the tenant's clock."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a preview showed: as of when, by which look at the usage, and the digest of it all."""

    at: datetime
    cutoff: str | None
    digest: str

    def require_fresh(self, now: datetime, closed_through: datetime | None) -> None:
        """Refuse a preview that time or billing has overtaken.

        Raises:
            PreviewExpired: it is too old, or from the future.
            PreviewOvertaken: a due instant was closed since.
        """
        if not timedelta(0) <= now - self.at <= VALID_FOR:
            raise PreviewExpired
        if closed_through is not None and closed_through > self.at:
            raise PreviewOvertaken

    def require_same(self, digest: str) -> None:
        """Refuse to charge anything but what was shown.

        Raises:
            PreviewStale: prices, plans or amounts are others now.
        """
        if not hmac.compare_digest(digest, self.digest):
            raise PreviewStale


@dataclass(frozen=True, slots=True)
class PreviewTokens:
    """Signs and reads tokens with a key derived from the installation's secret."""

    secret: str

    def issue(self, purpose: str, tenant_id: TenantId, shown: Shown) -> str:
        """Return the token that confirms what was shown."""
        payload = canonical_json(
            {
                "purpose": purpose,
                "tenant": str(tenant_id),
                "at": instant_text(shown.at),
                "cutoff": shown.cutoff,
                "digest": shown.digest,
            }
        )
        return f"{_encode(payload)}.{_encode(self._sign(payload))}"

    def read(self, purpose: str, tenant_id: TenantId, token: str) -> Shown:
        """Return what a token confirms.

        Raises:
            PreviewInvalid: it was not issued here, or for another purpose or tenant.
        """
        payload, signature = self._split(token)
        if not hmac.compare_digest(signature, self._sign(payload)):
            raise PreviewInvalid(field="token")
        said = json.loads(payload)
        if (said["purpose"], said["tenant"]) != (purpose, str(tenant_id)):
            raise PreviewInvalid(field="token")
        return Shown(at=parse_instant(said["at"]), cutoff=said["cutoff"], digest=said["digest"])

    def _split(self, token: str) -> tuple[bytes, bytes]:
        payload, _, signature = token.partition(".")
        try:
            return _decode(payload), _decode(signature)
        except (ValueError, binascii.Error):
            raise PreviewInvalid(field="token") from None

    def _sign(self, payload: bytes) -> bytes:
        key = hmac.new(self.secret.encode(), b"preview-token", hashlib.sha256).digest()
        return hmac.new(key, payload, hashlib.sha256).digest()


def digest_of(facts: dict[str, object], lines: Sequence[InvoiceLine]) -> str:
    """Return the digest of what a preview shows, without ids, which differ at confirmation."""
    shown = [
        {
            "kind": line.kind.value,
            "item": line.item,
            "charge": line.charge_code,
            "start": instant_text(line.service.start),
            "end": instant_text(line.service.end),
            "amount": line.amount.minor,
            "steps": [dict(step) for step in line.steps],
        }
        for line in lines
    ]
    return sha256_hex(canonical_json({"facts": facts, "lines": shown}))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
