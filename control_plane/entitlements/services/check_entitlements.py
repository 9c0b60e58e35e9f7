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
        answers: list[Answer] = []
        counted: list[str] = []
        for feature, _ in questions:
            decision = check(feature, instant)
            answers.append(Answer(feature, decision))
            if decision.limit is not None:  # only what is allowed and counted has one
                counted.append(feature)
        if counted:
            accounts = await self.read_accounts(tenant_id, frozenset(counted))
            answers = [_counted(*pair, accounts) for pair in zip(questions, answers, strict=True)]
        age_seconds = self.states.age_seconds()
        return Checked(held.snapshot.revision, at, age_seconds, tuple(answers))

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


def _counted(question: Question, answer: Answer, accounts: Mapping[str, Account]) -> Answer:
    feature, decision, _ = answer
    account = accounts.get(feature)
    if not decision.allowed or account is None:
        return answer
    if account.hard and question.units > account.free:
        decision = decision._replace(allowed=False, reason=Reason.LIMIT_REACHED)
    return Answer(feature, decision, account.free)
