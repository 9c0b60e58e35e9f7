"""What the guide to the SDK shows can be run as it stands."""

import re
import tomllib
from pathlib import Path

from control_plane.sdk.decide import Reason
from control_plane.sdk.emulator import Emulator

GUIDE = Path(__file__).resolve().parents[3] / "docs/entitlements/sdk.md"
FENCE = re.compile(r"^```([\w -]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language):
    return [text for name, text in FENCE.findall(GUIDE.read_text()) if name == language]


def test_every_example_runs():
    shown = blocks("python")
    assert len(shown) == 3
    exec(compile("\n".join(shown), GUIDE.name, "exec"), {})


def test_the_example_of_a_whole_service_is_python():
    [shown] = blocks("python no-run")

    compile(shown, GUIDE.name, "exec")


def test_the_file_for_the_emulator_can_be_read(tmp_path):
    [shown] = blocks("toml")
    path = tmp_path / "features.toml"
    path.write_text(shown)

    emulator = Emulator.from_file(path)

    assert set(tomllib.loads(shown)["features"]) == set(emulator.snapshot.features)
    assert emulator.check("orders").remaining == 149


def test_every_reason_is_described():
    described = set(re.findall(r"`(\w+)`", GUIDE.read_text()))

    assert {reason.value for reason in Reason} <= described
