"""One tenant that cannot be served stops nobody behind it."""

import pytest

from billing.each_tenant import TenantsFailed, each_tenant
from control_plane.kernel.ids import TenantId, new_id

FIRST, BROKEN, LAST = (TenantId(new_id()) for _ in range(3))


async def test_who_fails_is_told_after_everybody_else_is_done():
    served = []

    async def serve(tenant_id: TenantId) -> int:
        if tenant_id == BROKEN:
            raise LookupError("a row that cannot be read")
        served.append(tenant_id)
        return 2

    with pytest.raises(TenantsFailed, match="1 tenants"):
        await each_tenant("serve", [FIRST, BROKEN, LAST], serve)

    assert served == [FIRST, LAST]
    assert await each_tenant("serve", [FIRST, LAST], serve) == 4
