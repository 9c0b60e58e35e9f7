"""Runs lease operations in the database: one call, whatever their number, under present terms."""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.entitlements.domain.lease_terms import LeaseTerms, lease_terms
from control_plane.entitlements.errors_leases import EntitlementUnsettled
from control_plane.entitlements.held_states import HeldState, HeldStates
from control_plane.kernel.clock import Clock, SystemClock
from control_plane.kernel.ids import InvalidId, TenantId, new_id, parse_id
from control_plane.runtime.reads import fetch

MOST_TRIES = 5
MOST_REMEMBERED = 10_000

Key = TypeVar("Key")
Value = TypeVar("Value")

_NOBODYS = UUID(int=0)
_OPERATIONS = text("SELECT lease_operations(:tenant_id, :revision, :now, CAST(:requests AS jsonb))")
_FEATURES = text(
    "SELECT id, feature FROM leases WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Operations done together, once per ``request_id`` (None: as often as they are asked)."""

    holder: str
    operations: Sequence[dict[str, object]]
    request_id: str | None = None
    digest: str = ""
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """Each request's results, None where its id was used for another one; ``at`` is in ms."""

    at: int
    results: tuple[list[dict[str, Any]] | None, ...]


@dataclass(slots=True)
class TermsBook:
    """The terms of tenants' features, worked out once a revision and period."""

    _known: OrderedDict[tuple[TenantId, str], tuple[int, datetime, LeaseTerms]] = field(
        default_factory=OrderedDict
    )

    def terms(self, tenant_id: TenantId, held: HeldState, feature: str, at: datetime) -> LeaseTerms:
        """Return a feature's terms at an instant."""
        known = self._known.get((tenant_id, feature))
        if known is not None:
            revision, since, terms = known
            fits = terms.until is None or at < terms.until
            if revision == held.revision and since <= at and fits:
                return terms
        terms = lease_terms(held.snapshot, feature, at)
        if feature in held.snapshot.features:
            _remember(self._known, (tenant_id, feature), (held.revision, at, terms))
        return terms


@dataclass(frozen=True, slots=True)
class LeaseAccounts:
    """The accounts of tenants; its calls belong to the session's transaction.

    Time is the database's own, so that web processes need not agree on it; only a clock made for
    tests tells another.
    """

    states: HeldStates
    clock: Clock
    book: TermsBook = field(default_factory=TermsBook)
    _features: OrderedDict[str, str] = field(default_factory=OrderedDict)

    def now(self) -> datetime | None:
        """Return what to tell the database of the present; None: it knows."""
        return None if isinstance(self.clock, SystemClock) else self.clock.now()

    async def terms(self, tenant_id: TenantId, feature: str) -> LeaseTerms:
        """Return a feature's present terms."""
        held = await self.states.newest(tenant_id)
        return self.book.terms(tenant_id, held, feature, held.present(self.clock))

    async def run(
        self, session: AsyncSession, tenant_id: TenantId, asked: Sequence[Asked]
    ) -> Answered:
        """Do what is asked, in order, all in this transaction.

        Raises:
            SnapshotNotPublished: nothing was published for the tenant yet.
            EntitlementUnsettled: a newer snapshot each time it was tried.
        """
        await self._look_up(session, tenant_id, asked)
        revision = 0
        for _ in range(MOST_TRIES):
            held = await self.states.newest(tenant_id, revision)
            requests = [self._request(tenant_id, held, one) for one in asked]
            values = {
                "tenant_id": tenant_id,
                "revision": held.revision,
                "now": self.now(),
                "requests": json.dumps(requests),
            }
            [(said,)] = await fetch(session, _OPERATIONS, values)
            if "revision" not in said:
                for answer in said["answers"]:
                    self._note(answer)
                return Answered(said["at"], tuple(said["answers"]))
            revision = said["revision"] or 0
        raise EntitlementUnsettled

    def _request(self, tenant_id: TenantId, held: HeldState, asked: Asked) -> dict[str, object]:
        at = held.present(self.clock)
        operations = []
        for operation in asked.operations:
            made = {**operation, "id": str(new_id())}
            feature = operation.get("feature", self._features.get(_lease_of(made)))
            if feature is not None:
                terms = self.book.terms(tenant_id, held, str(feature), at)
                made["t"] = terms.body()
                made.setdefault("period", terms.period.key)
            operations.append(made)
        return {
            "holder": asked.holder,
            "epoch": asked.epoch,
            "request_id": asked.request_id,
            "digest": asked.digest,
            "operations": operations,
        }

    async def _look_up(
        self, session: AsyncSession, tenant_id: TenantId, asked: Sequence[Asked]
    ) -> None:
        """Find out which features the leases named are of, unless this process knows."""
        named = {
            _lease_of(operation)
            for one in asked
            for operation in one.operations
            if operation.get("lease")
        }
        unknown = [lease for lease in named if lease not in self._features]
        if unknown:
            rows = await fetch(session, _FEATURES, {"tenant_id": tenant_id, "ids": unknown})
            for lease, feature in rows:
                _remember(self._features, str(lease), feature)

    def _note(self, answer: list[dict[str, Any]] | None) -> None:
        for result in answer or ():
            if result["lease"] is not None:
                _remember(self._features, result["lease"], result["feature"])


def lease_uuid(text_form: str) -> str:
    """Return the id behind ``lea_…``; what is none stands for a lease that there is not."""
    try:
        return str(parse_id("lea", text_form))
    except InvalidId:
        return str(_NOBODYS)


def _lease_of(operation: dict[str, object]) -> str:
    return str(operation.get("lease", ""))


def _remember(kept: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > MOST_REMEMBERED:
        kept.popitem(last=False)
