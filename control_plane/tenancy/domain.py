"""The words of tenancy, and its rules that need no database."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from control_plane.kernel.ids import TenantId, UserId
from control_plane.tenancy.errors import EmailInvalid, LanguageUnknown, NameInvalid, RoleUnknown

LANGUAGES = ("en", "zh_CN")
"""What people may read Tallyard in, as Babel spells it."""

NAME_LENGTH = 200
_EMAIL_LENGTH = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
_LOCAL_LENGTH = 64  # RFC 5321, section 4.5.3.1.1
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_DOMAIN = re.compile(r"([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W\d_]([\w-]{0,61}[^\W_])")


class Role(StrEnum):
    """What a member is to an organisation."""

    OWNER = "owner"
    ADMIN = "admin"
    BILLING = "billing"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Organisation:
    """A tenant. ``currency`` and ``sandbox`` never change."""

    id: TenantId
    slug: str
    name: str
    zone: str
    language: str
    currency: str
    sandbox: bool
    state: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A person in an organisation."""

    user_id: UserId
    email: str
    name: str
    role: Role
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """An open invitation. Its secret is in the invited person's mailbox only."""

    id: UUID
    email: str
    role: Role
    invited_by: str
    created_at: datetime
    expires_at: datetime


def normal_email(text: str, *, field: str = "email") -> str:
    """Return the address in lower case, trimmed, ready to be compared.

    Raises:
        EmailInvalid: it is not of the form ``name@example.com``.
    """
    email = unicodedata.normalize("NFC", text.strip()).lower()
    local, _, domain = email.rpartition("@")
    fits = len(email) <= _EMAIL_LENGTH and len(local) <= _LOCAL_LENGTH
    if not (fits and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)):
        raise EmailInvalid(value=text[:_EMAIL_LENGTH], field=field)
    return email


def normal_name(text: str, *, field: str = "name", most: int = NAME_LENGTH) -> str:
    """Return a person's or an organisation's name with its white space tidied.

    Raises:
        NameInvalid: it is empty, longer than ``most`` characters, or holds
            control characters.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 1 <= len(name) <= most or any(unicodedata.category(c) == "Cc" for c in name):
        raise NameInvalid(value=text[:most], most=most, field=field)
    return name


def known_language(text: str, *, field: str = "language") -> str:
    """Return one of `LANGUAGES` for a code as browsers and people write it.

    Raises:
        LanguageUnknown: Tallyard does not speak it.
    """
    code = text.strip().replace("-", "_").lower()
    if code.startswith("zh"):
        return "zh_CN"
    if code == "en" or code.startswith("en_"):
        return "en"
    raise LanguageUnknown(value=text[:20], known=", ".join(LANGUAGES), field=field)


def known_role(text: str, *, field: str = "role") -> Role:
    """Return the role a text names.

    Raises:
        RoleUnknown: there is no such role.
    """
    try:
        return Role(text)
    except ValueError:
        raise RoleUnknown(value=text[:20], known=", ".join(Role), field=field) from None


def slug_of(name: str, tenant_id: TenantId) -> str:
    """Return a short name for addresses, unique because it ends with the id's random digits."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)[:4]
    return "-".join([*words, tenant_id.hex[-8:]]) if words else f"org-{tenant_id.hex[-8:]}"
