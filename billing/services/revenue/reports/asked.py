"""What a report is asked for."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from billing.domain.ledger import Account
from billing.repositories.revenue import Scope


class Grouping(StrEnum):
    """What revenue is told apart by."""

    ACCOUNT = "account"
    PLAN = "plan"
    MODULE = "module"
    CHARGE = "charge"


@dataclass(frozen=True, slots=True)
class Asked:
    """A span of local days, both included, and whose books. A balance is that of ``last``."""

    first: date
    last: date
    scope: Scope = field(default_factory=Scope)
    by: Grouping = Grouping.PLAN
    account: Account = Account.RECEIVABLE
