"""Add a person, in the transaction of the tenant they come to."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.identity.errors import EmailTaken
from control_plane.kernel.ids import UserId, new_id

_CREATE = text(
    "SELECT create_user(:id, :email, :name, :password_hash, :language, :at, :issuer, :subject)"
)


async def create_user(
    session: AsyncSession,
    *,
    email: str,
    name: str,
    language: str,
    at: datetime,
    password_hash: str | None = None,
    issuer: str | None = None,
    subject: str | None = None,
) -> UserId:
    """Insert a person who signs in by password, through an identity provider, or both.

    Every text is in its normal form already.

    Raises:
        EmailTaken: there is a person with this address.
    """
    user_id = UserId(new_id())
    made = await session.scalar(
        _CREATE,
        {
            "id": user_id,
            "email": email,
            "name": name,
            "password_hash": password_hash,
            "language": language,
            "at": at,
            "issuer": issuer,
            "subject": subject,
        },
    )
    if not made:
        raise EmailTaken(email=email, field="email")
    return user_id
