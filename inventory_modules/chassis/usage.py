"""Who counts usage: the instance that every usage event names as its source."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from control_plane.sdk.reporter import usage_event


@dataclass(frozen=True, slots=True)
class UsageSource:
    """An instance, by its text id, and its module."""

    instance_id: str
    module: str

    def event(
        self, *, event_type: str, event_id: str, at: datetime, data: Mapping[str, int | str]
    ) -> dict[str, object]:
        """Return one event. The same ``event_id`` is counted once, however often it is sent."""
        return usage_event(
            source=f"/instances/{self.instance_id}",
            event_id=event_id,
            event_type=event_type,
            subject=self.module,
            time=at,
            data=data,
        )
