"""Use case: tell whether calls may go ahead now, changing nothing."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from control_plane.entitlements.errors_checks import RevisionNotReached
from control_plane.entitlements.held_states import HeldState, HeldStates
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.sdk.decide import Decision, Reason
from control_plane.sdk.snapshot import FeatureGrant

PATIENCE_SECONDS = 2.0
"""How long a check waits for a revision that its caller demands."""


class Account(Protocol):
    """What is known of a feature's units in their present period."""

    @property
    def free(self) -> int:
        """Units that nobody holds or has spent."""

    @property
    def hard(self) -> bool:
        """Whether the limit refuses."""


ReadAccounts = Callable[[TenantId, Collection[str]], Awaitable[Mapping[str, Account]]]


class Question(NamedTuple):
    """May a call that needs ``units`` of ``feature`` go ahead?"""

    feature: str
    units: int = 1


class Answer(NamedTuple):
    """The decision on one question; ``remaining`` is what is left of a counted feature now."""

    feature: str
    decision: Decision
    remaining: int | None = None


class Checked(NamedTuple):
    """Answers of one revision, at the tenant's present."""

    revision: int
    at: datetime
    age_seconds: int
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class CheckEntitlements:
    """Answer from the newest snapshot, and for units that are counted, from their accounts."""

    states: HeldStates
    clock: Clock
    read_accounts: ReadAccounts
    patience_seconds: float = PATIENCE_SECONDS

    async def __call__(
        self, tenant_id: TenantId, questions: Sequence[Question], min_revision: int = 0
    ) -> Checked:
        """Decide every question by the same snapshot, of ``min_revision`` or newer.

        Raises:
            SnapshotNotPublished: nothing was published for the tenant yet.
            RevisionNotReached: ``min_revision`` did not come within ``patience_seconds``.
        """
        held = self.states.known(tenant_id, min_revision)
        if held is None:
            held = await self.at_least(tenant_id, min_revision)
        at = held.present(self.clock)
        check, instant = held.checker.check, at.timestamp()
        decided = [(q, check(q.feature, instant)) for q in questions]
        counted = {q.feature for q, d in decided if d.allowed and _grant(held, q.feature).limited}
        accounts = await self.read_accounts(tenant_id, counted) if counted else {}
        return Checked(
            revision=held.snapshot.revision,
            at=at,
            age_seconds=self.states.age_seconds(),
            answers=tuple(_answer(q, d, accounts.get(q.feature)) for q, d in decided),
        )

    async def at_least(self, tenant_id: TenantId, min_revision: int) -> HeldState:
        """Return the newest snapshot, once it is of ``min_revision`` or newer.

        Raises:
            SnapshotNotPublished: nothing was published for the tenant yet.
            RevisionNotReached: ``min_revision`` did not come within ``patience_seconds``.
        """
        held = await self.states.newest(tenant_id, min_revision)
        if held.revision < min_revision:
            held = await self.states.wait_beyond(tenant_id, min_revision - 1, self.patience_seconds)
        if held.revision < min_revision:
            raise RevisionNotReached(value=min_revision, newest=held.revision, field="min_revision")
        return held


def _grant(held: HeldState, feature: str) -> FeatureGrant:
    return held.snapshot.features[feature]


def _answer(question: Question, decision: Decision, account: Account | None) -> Answer:
    if not decision.allowed or account is None:
        return Answer(question.feature, decision)
    if account.hard and question.units > account.free:
        decision = decision._replace(allowed=False, reason=Reason.LIMIT_REACHED)
    return Answer(question.feature, decision, account.free)
