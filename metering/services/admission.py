"""How much may wait in a process at once: refused before it costs memory."""

from dataclasses import dataclass, field
from typing import Self

from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import TenantId


@dataclass(slots=True)
class Admission:
    """A number of bytes or events, of which one tenant may hold half.

    So one that sends too much is told to slow down (``over_share``) while there is still room
    for the others; when there is none for anybody, everybody is told to wait (``full``). Both
    errors take ``waiting`` as their field. What comes alone is always let in.
    """

    most: int
    full: type[TallyardError]
    over_share: type[TallyardError]
    held: int = 0
    _by_tenant: dict[TenantId, int] = field(default_factory=dict)

    def holding(self, tenant_id: TenantId, amount: int) -> "Hold":
        """Hold ``amount``, or refuse at once; it is let go of at the end of a ``with`` block.

        Raises:
            TallyardError: ``full`` or ``over_share``.
        """
        hold = Hold(self, tenant_id)
        hold.resize(amount)
        return hold

    def _refuse(self, tenant_id: TenantId, more: int) -> None:
        own = self._by_tenant.get(tenant_id, 0)
        if own and own + more > self.most // 2:
            raise self.over_share(waiting=own)
        if self.held and self.held + more > self.most:
            raise self.full(waiting=self.held)

    def _change(self, tenant_id: TenantId, by: int) -> None:
        self.held += by
        own = self._by_tenant.get(tenant_id, 0) + by
        if own:
            self._by_tenant[tenant_id] = own
        else:
            self._by_tenant.pop(tenant_id, None)


@dataclass(slots=True)
class Hold:
    """What one delivery holds of an `Admission`."""

    admission: Admission
    tenant_id: TenantId
    amount: int = 0

    def resize(self, amount: int) -> None:
        """Hold another amount; more than before is refused where it is too much.

        Raises:
            TallyardError: ``full`` or ``over_share`` of the admission; nothing is changed.
        """
        more = amount - self.amount
        if more > 0:
            self.admission._refuse(self.tenant_id, more)  # noqa: SLF001 - its other half
        self.admission._change(self.tenant_id, more)  # noqa: SLF001 - its other half
        self.amount = amount

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.admission._change(self.tenant_id, -self.amount)  # noqa: SLF001 - its other half
