"""Which policies hold where: default, then plan, then price, then tenant; the last word wins."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from control_plane.catalog.domain import AddonVersion, PlanVersion, Price
from control_plane.catalog.policies import DEFAULTS, POLICY_NAMES, Choices, Policies


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """The tenant's own choices, laid over what plans, prices and add-ons say."""

    tenant: Choices = field(default_factory=dict)

    def of_price(self, plan: PlanVersion, price: Price) -> Policies:
        """Return the policies of a plan's price."""
        return self._over(plan.policies, price.policies)

    def of_addon(self, addon: AddonVersion) -> Policies:
        """Return the policies of an add-on."""
        return self._over(addon.policies)

    def general(self) -> Policies:
        """Return the policies of what belongs to no price: documents, balances."""
        return self._over()

    def _over(self, *choices: Choices) -> Policies:
        said = [layer for layer in (*choices, self.tenant) if layer]
        return DEFAULTS.over(*said) if said else DEFAULTS


def shared_policies(general: Policies, of_lines: Iterable[Policies]) -> Policies:
    """Return the policies of a whole document: what all its lines agree on, else ``general``.

    So a plan's payment term or tax rounding holds for the invoices that nothing else is on.
    """
    held = set(of_lines)
    if len(held) == 1:
        return held.pop()
    agreed = {}
    for name in POLICY_NAMES:
        values = {getattr(policies, name) for policies in held}
        if len(values) == 1:
            agreed[name] = values.pop()
    return replace(general, **agreed)
