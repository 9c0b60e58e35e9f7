"""How much may wait in a process at once: refused before it costs memory."""

from dataclasses import dataclass, field
from typing import Self

from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import TenantId


@dataclass(slots=True)
class Share:
    """What one tenant holds, in how many holds; forgotten with the last of them."""

    tenant_id: TenantId
    held: int = 0
    holds: int = 0


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
    _shares: dict[TenantId, Share] = field(default_factory=dict)

    def holding(self, tenant_id: TenantId, amount: int) -> "Hold":
        """Hold ``amount``, or refuse at once; it is let go of at the end of a ``with`` block.

        Raises:
            TallyardError: ``full`` or ``over_share``.
        """
        return Hold(self, self.take(tenant_id, amount), amount)

    def take(self, tenant_id: TenantId, amount: int) -> Share:
        """Hold ``amount`` as `holding` does, until it is given back: at less cost.

        Raises:
            TallyardError: ``full`` or ``over_share``.
        """
        share = self._shares.get(tenant_id)
        if amount:
            self._admit(0 if share is None else share.held, amount)
        if share is None:
            share = self._shares[tenant_id] = Share(tenant_id)
        share.holds += 1
        share.held += amount
        self.held += amount
        return share

    def give_back(self, share: Share, amount: int) -> None:
        """End a hold of ``amount``, once."""
        self.held -= amount
        share.held -= amount
        share.holds -= 1
        if not share.holds:
            del self._shares[share.tenant_id]

    def _admit(self, own: int, more: int) -> None:
        if own and own + more > self.most // 2:
            raise self.over_share(waiting=own)
        if self.held and self.held + more > self.most:
            raise self.full(waiting=self.held)


@dataclass(slots=True)
class Hold:
    """What one delivery holds of an `Admission`."""

    _admission: Admission
    _share: Share
    amount: int

    def resize(self, amount: int) -> None:
        """Hold another amount; more than before is refused where it is too much.

        Raises:
            TallyardError: ``full`` or ``over_share`` of the admission; nothing is changed.
        """
        more = amount - self.amount
        if more > 0:
            self._admission._admit(self._share.held, more)  # noqa: SLF001 - its other half
        self._admission.held += more
        self._share.held += more
        self.amount = amount

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._admission.give_back(self._share, self.amount)
