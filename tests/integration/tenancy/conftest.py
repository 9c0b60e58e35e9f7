"""People over a fresh database."""

import pytest

from tests.support.people import People


@pytest.fixture
def people(database, clock) -> People:
    return People(database, clock)
