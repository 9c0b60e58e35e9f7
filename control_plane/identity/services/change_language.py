"""Choose the language one reads Tallyard in."""

from dataclasses import dataclass

from control_plane.identity.lookups import Lookups
from control_plane.identity.secret_texts import secret_hash
from control_plane.runtime.unit_of_work import AuthWork
from control_plane.tenancy.domain import known_language


@dataclass(frozen=True, slots=True)
class ChangeLanguage:
    """Change the language of the person who is signed in."""

    auth: AuthWork

    async def __call__(self, *, secret: str, language: str) -> None:
        """Store the choice.

        Raises:
            LanguageUnknown: Tallyard does not speak it.
        """
        async with self.auth() as session:
            await Lookups(session).set_language(secret_hash(secret), known_language(language))
