"""Use case: show what is spent, held and left of a tenant's features now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from control_plane.entitlements.domain.lease_terms import LeaseTerms
from control_plane.entitlements.lease_accounts import LeaseAccounts
from control_plane.kernel.ids import TenantId
from control_plane.runtime.reads import fetch
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.features import FeatureKind

_COUNTED = {
    FeatureKind.METERED,
    FeatureKind.RATE,
    FeatureKind.CONCURRENCY,
    FeatureKind.SEATS,
}
# As an operation would find it: a bucket refilled, and what left its window forgotten.
_ACCOUNTS = text(
    """
    SELECT a.feature, a.period, a.kind, a.held, a.lost, a.metered,
        a.spent - CASE WHEN a.kind = 'rolling' THEN (
            SELECT coalesce(sum(s.spent), 0)::bigint FROM lease_slices AS s
            WHERE (s.tenant_id, s.feature, s.period) = (a.tenant_id, a.feature, a.period)
              AND s.starts <= n.at - interval '1 second'
                  * (a.window_seconds + greatest(a.window_seconds / 60, 1))
        ) ELSE 0 END,
        floor(least(
            greatest(a.limit_units - a.held, 0), a.tokens + coalesce(a.rate, 0)
                * greatest(extract(epoch FROM n.at - a.refilled_at), 0)
        ))::bigint
    FROM lease_accounts AS a, (
        SELECT coalesce(CAST(:now AS timestamptz), clock_timestamp()) AS at
    ) AS n
    WHERE a.tenant_id = :tenant_id
      AND (a.feature, a.period) IN (
          SELECT f, p FROM unnest(CAST(:features AS text[]), CAST(:periods AS text[])) AS w (f, p)
      )
    """
)


@dataclass(frozen=True, slots=True)
class AccountView:
    """A feature's units in their present period; ``start`` and ``end`` are None where it has none.

    ``held`` is leased or reserved, ``lost`` what crashed holders have not accounted for,
    ``metered`` what the events count. ``free`` is below zero where a soft limit is exceeded, or a
    limit was lowered.
    """

    feature: str
    kind: str
    period: str
    start: datetime | None
    end: datetime | None
    limit: int
    spent: int
    held: int
    lost: int
    metered: int
    free: int
    hard: bool


@dataclass(frozen=True, slots=True)
class ReadAccounts:
    """Read the present accounts of a tenant's counted features."""

    work: UnitOfWork
    accounts: LeaseAccounts

    async def __call__(
        self, tenant_id: TenantId, features: Collection[str] | None = None
    ) -> Mapping[str, AccountView]:
        """Return the account of every counted feature, or of these; nothing else has one.

        Raises:
            SnapshotNotPublished: nothing was published for the tenant yet.
        """
        held = await self.accounts.states.newest(tenant_id)
        at = held.present(self.accounts.clock)
        terms = {
            code: self.accounts.book.terms(tenant_id, held, code, at)
            for code, grant in held.snapshot.features.items()
            if grant.kind in _COUNTED and (features is None or code in features)
        }
        values = {
            "tenant_id": tenant_id,
            "now": self.accounts.now(),
            "features": list(terms),
            "periods": [one.period.key for one in terms.values()],
        }
        async with self.work(tenant_id) as session:
            rows = await fetch(session, _ACCOUNTS, values) if terms else []
        found = {row[0]: row for row in rows}
        return {code: _view(code, one, found.get(code)) for code, one in terms.items()}


def _view(code: str, terms: LeaseTerms, row: tuple[object, ...] | None) -> AccountView:
    kind, held, lost, metered, spent, tokens = terms.kind, 0, 0, 0, 0, terms.limit
    if row is not None:
        _, _, kind, held, lost, metered, spent, tokens = row  # type: ignore[assignment] # as asked
    free = tokens if kind == "rate" else terms.limit - max(spent + held + lost, metered)
    rolling = terms.window_seconds is not None
    return AccountView(
        feature=code,
        kind=kind,
        period=terms.period.key,
        start=None if rolling else terms.period.start,
        end=terms.period.end,
        limit=terms.limit,
        spent=spent,
        held=held,
        lost=lost,
        metered=metered,
        free=free,
        hard=terms.hard,
    )
