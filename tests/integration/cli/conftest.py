import pytest

from tests.integration.cli.shell import Shell, shell_for


@pytest.fixture
def tallyard(settings) -> Shell:
    """The command line on a fresh, migrated database."""
    return shell_for(settings)
