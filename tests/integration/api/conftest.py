import io
import json
import logging

import pytest
import structlog
from prometheus_client import REGISTRY

from control_plane.runtime.logging import configure_logging
from tests.support.api import open_site


@pytest.fixture
async def site(settings, clock):
    async with open_site(settings, clock) as opened:
        yield opened


@pytest.fixture
async def bella(site):
    return await site.company("Bella Pizza")


@pytest.fixture
async def rival(site):
    return await site.company("Rival Noodles")


@pytest.fixture
def lines():
    """What the log holds, line by line, once configured as in a process of ours."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    configure_logging("info")
    written = io.StringIO()
    root.handlers[0].setStream(written)  # type: ignore[attr-defined] # a StreamHandler
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def counted():
    """By route and status, how many requests were counted since; times are as many."""
    name = "tallyard_http_request"
    before = samples()

    def _counted():
        more = {key: n - before.get(key, 0) for key, n in samples().items()}
        found = {
            (dict(labels)["method"], dict(labels)["route"], dict(labels)["status"]): n
            for (of, labels), n in more.items()
            if of == f"{name}s_total" and n
        }
        timed = sum(n for (of, _), n in more.items() if of == f"{name}_seconds_count")
        assert timed == sum(found.values())
        return found

    return _counted


def samples():
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name.startswith("tallyard_http_request")
    }
