"""What a tenant may not choose, because of who bills it."""

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.assembling import refuse_for_en16931
from billing.domain.tax.parties import LegalEntity
from billing.repositories.tax import TaxRepository
from control_plane.catalog.policies import DEFAULTS, Choices


async def refuse_what_its_entity_forbids(
    session: AsyncSession, entity: str, choices: Choices
) -> None:
    """Refuse policies that the documents of a legal entity could not be made with.

    Raises:
        EntityNotFound: there is none of this code.
        RoundingNotAllowed: its documents must follow EN 16931, and the policy breaks that.
    """
    refuse_for(await TaxRepository(session).entity(entity), choices)


def refuse_for(entity: LegalEntity, choices: Choices) -> None:
    """Refuse the same for an entity that was read before."""
    if entity.tax is not None and entity.tax.en16931:
        refuse_for_en16931(DEFAULTS.over(choices))
