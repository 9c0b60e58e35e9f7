"""Group codes: they name a parent organisation, signed, so that only it can have handed them out.

A code is no permission: whoever has it may ask to become a member, and the parent answers.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from billing.domain.groups.errors import GroupCodeInvalid
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.ids import TenantId
from control_plane.kernel.instants import instant_text, parse_instant

VALID_FOR = timedelta(days=14)
_SIGNATURE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Named:
    """The parent that a code names. ``sandbox`` groups with sandboxes only."""

    parent_id: TenantId
    name: str
    sandbox: bool


@dataclass(frozen=True, slots=True)
class GroupCodes:
    """Writes and reads codes with a key derived from the installation's secret."""

    secret: str

    def issue(self, named: Named, now: datetime) -> str:
        """Return a code that is good for fourteen days of real time."""
        payload = canonical_json(
            {
                "parent": str(named.parent_id),
                "name": named.name,
                "sandbox": 1 if named.sandbox else 0,
                "until": instant_text(now + VALID_FOR),
            }
        )
        return base64.urlsafe_b64encode(self._sign(payload) + payload).rstrip(b"=").decode()

    def read(self, text: str, now: datetime) -> Named:
        """Return the parent that a code names.

        Raises:
            GroupCodeInvalid: it was not written here, was changed, or is too old.
        """
        try:
            raw = base64.urlsafe_b64decode(
                text.strip().encode("ascii") + b"=" * (-len(text.strip()) % 4)
            )
        except (ValueError, binascii.Error):
            raise GroupCodeInvalid(field="code") from None
        signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(payload)):
            raise GroupCodeInvalid(field="code")
        said = json.loads(payload)
        if parse_instant(said["until"]) < now:
            raise GroupCodeInvalid(field="code")
        return Named(TenantId(UUID(said["parent"])), said["name"], bool(said["sandbox"]))

    def _sign(self, payload: bytes) -> bytes:
        key = hmac.new(self.secret.encode(), b"group-code", hashlib.sha256).digest()
        return hmac.new(key, payload, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
