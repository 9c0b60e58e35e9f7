"""Where balances of granted units turn: what was used by then is read, once."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.entitlements.domain.build import Facts, burnings
from control_plane.entitlements.domain.carrying import next_turn, readings_due
from control_plane.entitlements.domain.grants import earliest
from control_plane.entitlements.grant_repository import GrantRepository


async def turned(session: AsyncSession, facts: Facts) -> Facts:
    """Keep the readings that are due and when the next turn is; return facts that hold them."""
    if not facts.grants:
        return facts
    found = burnings(facts)
    due = {code: tuple(readings_due(burning)) for code, burning in found.items()}
    grants = GrantRepository(session)
    await grants.read(facts.tenant_id, due)
    turns = (next_turn(burning) for burning in found.values())
    await grants.turn_at(facts.tenant_id, earliest(*turns))
    readings = {
        code: {**facts.readings.get(code, {}), **{one.at: one for one in taken}}
        for code, taken in due.items()
    }
    return replace(facts, readings=readings)
