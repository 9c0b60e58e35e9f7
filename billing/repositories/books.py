"""What a tenant's billing is computed from, read at once: who it is, its time, what it bought."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from control_plane.runtime.writes import run
from control_plane.subscriptions.codec import change_of
from control_plane.subscriptions.domain import Timeline
from control_plane.tenancy.domain import Organisation
from control_plane.tenancy.errors import OrganisationNotFound

BOOKS = text(
    """
    SELECT o.slug, o.name, o.zone, o.language, o.currency, o.sandbox, o.state, o.created_at,
        t.now_at, c.id, c.subscription_id, c.seq, c.effective_at, c.known_at, c.kind,
        c.plan_version_id, c.addon_version_id, CAST(c.details AS text) AS details
    FROM organisations o
    LEFT JOIN test_clocks t ON t.tenant_id = o.id
    LEFT JOIN subscription_changes c ON c.tenant_id = o.id
    WHERE o.id = :tenant_id ORDER BY c.subscription_id, c.seq
    """
)

_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Opened:
    """A tenant, every subscription it ever had, and what its test clock says, if it has one."""

    organisation: Organisation
    timelines: tuple[Timeline, ...]
    test_now: datetime | None


async def read_books(session: AsyncSession, tenant_id: TenantId) -> Opened:
    """Read all of it with one statement: every close asks this.

    Raises:
        OrganisationNotFound: it does not exist, or the session is another's.
    """
    rows = (await run(session, BOOKS, {"tenant_id": tenant_id})).all()
    if not rows:
        raise OrganisationNotFound
    first = rows[0]
    return Opened(
        organisation=Organisation(
            id=tenant_id,
            slug=first.slug,
            name=first.name,
            zone=first.zone,
            language=first.language,
            currency=first.currency,
            sandbox=first.sandbox,
            state=first.state,
            created_at=first.created_at,
        ),
        timelines=_timelines(rows),
        test_now=None if first.now_at is None else first.now_at.astimezone(UTC),
    )


def _timelines(rows: Sequence[Row[Any]]) -> tuple[Timeline, ...]:
    changes = (change_of(row, _decode(row.details)) for row in rows if row.id is not None)
    grouped = groupby(changes, key=lambda change: change.subscription_id)
    return tuple(Timeline(key, tuple(own)) for key, own in grouped)
