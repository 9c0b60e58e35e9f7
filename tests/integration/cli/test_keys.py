"""Keys are rotated from the command line, step by step."""

import pytest

from tests.integration.cli.shell import CHINESE, Shell, shell_for


@pytest.fixture
def tallyard(settings) -> Shell:
    return shell_for(settings)


def test_keys_are_announced_then_sign_then_go(tallyard: Shell):
    first = tallyard("keys", "list").lines[0].split()[0]

    announced = tallyard("keys", "announce")
    assert [line.split()[1] for line in announced.lines] == ["signing", "announced"]
    assert "tallyard keys rotate" in announced.err

    refused = tallyard("keys", "rotate")
    assert refused.status == 1
    assert "too recently" in refused.err

    rotated = tallyard("keys", "rotate", "--overlap-minutes", "0", LC_ALL=CHINESE)
    assert [line.split()[:2] for line in rotated.lines][1] == [first, "leaving"]
    assert "新密钥" in rotated.err

    retired = tallyard("keys", "retire", "--overlap-minutes", "0")
    assert [line.split()[1] for line in retired.lines] == ["signing"]
    assert first not in retired.out
