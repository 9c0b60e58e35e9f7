"""What tenants are granted besides what they bought, and why an answer is what it is."""

from functools import cached_property

from control_plane.entitlements.services.end_grant import EndGrant
from control_plane.entitlements.services.explain_entitlement import ExplainEntitlement
from control_plane.entitlements.services.grant_feature import GrantFeature
from control_plane.entitlements.services.list_grants import ListGrants
from control_plane.entitlements.services.override_feature import OverrideFeature
from control_plane.entitlements.turn_jobs import TurnGrants
from web.parts.selling import SellingPart


class GrantingPart(SellingPart):
    """Use cases of grants, overrides and explanations."""

    @cached_property
    def grant_feature(self) -> GrantFeature:
        return GrantFeature(self.work, self.tenant_clock)

    @cached_property
    def override_feature(self) -> OverrideFeature:
        return OverrideFeature(self.work, self.tenant_clock)

    @cached_property
    def end_grant(self) -> EndGrant:
        return EndGrant(self.work, self.tenant_clock)

    @cached_property
    def list_grants(self) -> ListGrants:
        return ListGrants(self.work, self.tenant_clock)

    @cached_property
    def explain_entitlement(self) -> ExplainEntitlement:
        return ExplainEntitlement(self.work, self.tenant_clock)

    @cached_property
    def turn_grants(self) -> TurnGrants:
        return TurnGrants(self.system, self.publish_snapshot, self.clock)
