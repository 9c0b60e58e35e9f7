"""What a tenant that does not pay is told: reading and exporting stay open, all else waits."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.sdk.decide import Reason


class ReadOnly(TallyardError):
    """Invoices are overdue, so that nothing may be written."""

    code = "standing_read_only"
    kind = ErrorKind.FORBIDDEN
    message = "An invoice is overdue: {feature} is open for reading and exporting only."
    remedy = "Pay the open invoices in the portal; writing works again within seconds of that."


class Suspended(TallyardError):
    """Invoices have been overdue for long: the organisation is suspended."""

    code = "standing_suspended"
    kind = ErrorKind.FORBIDDEN
    message = "The organisation is suspended for an overdue invoice: {feature} can only be read."
    remedy = "Pay the open invoices in the portal before the data are moved to an export."


class ServiceEnded(TallyardError):
    """Invoices have been overdue for so long that the service has ended."""

    code = "standing_ended"
    kind = ErrorKind.FORBIDDEN
    message = "The service has ended for an overdue invoice: {feature} is closed."
    remedy = "Pay the open invoices in the portal; until the day named there, the export is kept."


OPEN_FOR_READING: Final = frozenset({Reason.READ_ONLY, Reason.SUSPENDED})
"""The refusals that stop no reading."""

REFUSALS: Final[Mapping[Reason, type[TallyardError]]] = MappingProxyType(
    {
        Reason.READ_ONLY: ReadOnly,
        Reason.SUSPENDED: Suspended,
        Reason.RETAINED: ServiceEnded,
        Reason.PURGED: ServiceEnded,
    }
)
"""What a call is told that a tenant's standing refuses."""
