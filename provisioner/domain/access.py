"""What an instance's service token may ask of the tenant's other services."""

from provisioner.domain.instances import LEDGER

_SCOPES = {
    LEDGER: (),
    "inbound": ("ledger:post", "ledger:read"),
    "outbound": ("ledger:post", "ledger:read"),
}
_DEFAULT = ("ledger:read",)


def service_scopes(module: str) -> tuple[str, ...]:
    """Return the scopes of a module's service token: documents post to the ledger, others read."""
    return _SCOPES.get(module, _DEFAULT)
