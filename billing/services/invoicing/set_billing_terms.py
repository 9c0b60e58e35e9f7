"""Set how one tenant is billed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from billing.domain.records import Account
from billing.errors_documents import (
    BillingTermInvalid,
)
from billing.repositories.accounts import AccountRepository
from billing.services.accounts.choosing import refuse_what_its_entity_forbids
from control_plane.audit.record import record
from control_plane.catalog.policies import DEFAULTS
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.repository import OrganisationRepository

LONGEST_GRACE = timedelta(days=28)
"""Shorter than any month, so that no period ends while the one before waits."""

_HIGHEST = 1 << 62


@dataclass(frozen=True, slots=True)
class SetBillingTerms:
    """The tenant's own policies, grace period and threshold. For the vendor's finance."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        policies: Mapping[str, str | int],
        grace: timedelta,
        threshold_minor: int | None,
        actor: str,
    ) -> Account:
        """Keep the terms, which hold for whatever is invoiced from now on.

        Args:
            tenant_id: who is billed so.
            policies: the tenant's choices over those of plans and prices.
            grace: how long a period's invoice waits after it fell due.
            threshold_minor: from what amount on usage is invoiced before its period ends.
            actor: who chose them.

        Raises:
            OrganisationNotFound: there is no such tenant.
            PolicyUnknown, PolicyValueUnknown: a policy is none.
            RoundingNotAllowed: its invoices must follow EN 16931, and a policy breaks that.
            BillingTermInvalid: the grace period or the threshold is out of bounds.
        """
        DEFAULTS.over(policies)
        _require(grace, threshold_minor)
        async with self.work(tenant_id) as session:
            organisation = await OrganisationRepository(session).get(tenant_id)
            accounts = AccountRepository(session)
            now = await self.tenant_clock.now(session, tenant_id)
            entity = "sandbox" if organisation.sandbox else "live"
            account = await accounts.open(tenant_id, entity, now)
            await refuse_what_its_entity_forbids(session, account.entity, policies)
            changed = _with_terms(account, policies, grace, threshold_minor)
            await accounts.set_terms(
                tenant_id, policies=policies, grace=grace, threshold_minor=threshold_minor
            )
            await accounts.advance(changed)
            await record(
                session,
                tenant_id,
                actor,
                "billing.terms_set",
                "billing_account",
                format_id("ten", tenant_id),
                _said(changed),
            )
            return changed


def _with_terms(
    account: Account,
    policies: Mapping[str, str | int],
    grace: timedelta,
    threshold_minor: int | None,
) -> Account:
    """Return the account on new terms; its next close moves as its grace period does."""
    due = account.next_due_at
    return replace(
        account,
        policies=dict(policies),
        grace=grace,
        threshold_minor=threshold_minor,
        next_due_at=None if due is None else due + (grace - account.grace),
    )


def _said(account: Account) -> dict[str, object]:
    """Write the terms down for the audit log."""
    return {
        "policies": dict(account.policies),
        "grace_seconds": int(account.grace.total_seconds()),
        "threshold_minor": account.threshold_minor,
    }


def _require(grace: timedelta, threshold_minor: int | None) -> None:
    if not timedelta(0) <= grace <= LONGEST_GRACE:
        seconds = int(LONGEST_GRACE.total_seconds())
        raise BillingTermInvalid(
            name="grace_seconds",
            value=int(grace.total_seconds()),
            least=0,
            most=seconds,
            field="grace_seconds",
        )
    if threshold_minor is not None and not 0 < threshold_minor <= _HIGHEST:
        raise BillingTermInvalid(
            name="threshold_minor",
            value=threshold_minor,
            least=1,
            most=_HIGHEST,
            field="threshold_minor",
        )
