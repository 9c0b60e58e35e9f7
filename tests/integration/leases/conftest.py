import pytest

from control_plane.entitlements.signer import Signer
from tests.support.leasing import Leasing


@pytest.fixture
def leasing(work, clock, settings, tenant_id):
    return Leasing(work, clock, Signer.load(settings.signing_key_path), tenant_id)


@pytest.fixture
def account(admin, tenant_id):
    """Read an account behind row-level security."""

    def read(feature):
        names = "limit_units, granted, spent, held, lost, returned, forgotten, metered"
        row = admin.execute(
            f"SELECT {names} FROM lease_accounts WHERE tenant_id = %s AND feature = %s",
            [tenant_id, feature],
        ).fetchone()
        return dict(zip(names.split(", "), row, strict=True))

    return read
