"""The modules there are. Each is imported only when it is the one to run."""

from collections.abc import Mapping
from importlib import import_module

from control_plane.kernel.errors import ErrorKind, TallyardError
from inventory_modules.chassis.manifest import load_manifest
from inventory_modules.chassis.service import ModuleDefinition

MODULES = ("inbound", "ledger", "outbound", "stock_query")


class ModuleUnknown(TallyardError):
    """An instance was told to be a module that does not exist."""

    code = "module_unknown"
    kind = ErrorKind.NOT_FOUND
    message = "There is no module “{value}”; there are {known}."
    remedy = "Correct TALLYARD_MODULE, or the module's code in the catalogue."


class PeerMissing(TallyardError):
    """A module needs another one that it was not told of."""

    code = "peer_missing"
    kind = ErrorKind.INVALID
    message = "The module {module} needs the address of {peer} in TALLYARD_PEERS."
    remedy = "Start the instance through the provisioner, which names its peers."


def find_module(code: str) -> ModuleDefinition:
    """Return a module's definition.

    Raises:
        ModuleUnknown: there is none of this code.
    """
    if code not in MODULES:
        raise ModuleUnknown(field="TALLYARD_MODULE", value=code, known=", ".join(MODULES))
    definition: ModuleDefinition = import_module(f"inventory_modules.{code}.app").MODULE
    return definition


def check_peers(code: str, peers: Mapping[str, str]) -> None:
    """Check that every module that a module's manifest names as its peer has an address.

    Raises:
        PeerMissing: one is not.
    """
    for peer in load_manifest(code).peers:
        if peer not in peers:
            raise PeerMissing(field="TALLYARD_PEERS", module=code, peer=peer)
