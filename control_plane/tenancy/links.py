"""The secret of an invitation: derived when it is needed, so that it is stored nowhere."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from control_plane.kernel.canonical import sha256_hex


@dataclass(frozen=True, slots=True)
class InvitationLinks:
    """Makes the link that only the invited person's mailbox ever holds.

    The outbox and the database carry the invitation's id and the SHA-256 of its
    secret; whoever reads them cannot accept it.
    """

    public_url: str
    secret_key: str

    def secret(self, invitation_id: UUID) -> str:
        """Return the 256-bit secret of an invitation, as URL-safe text."""
        digest = hmac.new(
            self.secret_key.encode(), b"invitation:" + invitation_id.bytes, hashlib.sha256
        ).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def hash(self, invitation_id: UUID) -> str:
        """Return the SHA-256 of the secret, as stored."""
        return sha256_hex(self.secret(invitation_id).encode())

    def url(self, invitation_id: UUID) -> str:
        """Return the page on which the invitation is accepted."""
        return f"{self.public_url.rstrip('/')}/invitations/{self.secret(invitation_id)}"
