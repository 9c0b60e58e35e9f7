"""Who counts usage: the instance that every usage event names as its source."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from control_plane.sdk.reporter import usage_event


@dataclass(frozen=True, slots=True)
class Call:
    """A call by what usage is grouped by: the route, and the id of the API key it came with."""

    endpoint: str
    api_key: str

    def answered(self, status: int) -> dict[str, int | str]:
        """Return the members that every event of a call has, beside what it counts."""
        return {"endpoint": self.endpoint, "status": str(status), "api_key": self.api_key}


@dataclass(frozen=True, slots=True)
class UsageSource:
    """An instance, by its text id, and its module."""

    instance_id: str
    module: str

    @property
    def source(self) -> str:
        """What every event of the instance names as its source."""
        return f"/instances/{self.instance_id}"

    def event(
        self, *, event_type: str, event_id: str, at: datetime, data: Mapping[str, int | str]
    ) -> dict[str, object]:
        """Return one event. The same ``event_id`` is counted once, however often it is sent."""
        return usage_event(
            source=self.source,
            event_id=event_id,
            event_type=event_type,
            subject=self.module,
            time=at,
            data=data,
        )
