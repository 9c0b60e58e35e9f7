"""Whatever a catalogue file is told to be wrong with is told in Chinese too."""

from importlib.resources import files
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from control_plane.catalog.source.faults import Fault


@pytest.fixture(scope="module")
def chinese():
    with (files("control_plane") / "locale" / "zh_CN.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file)}


def placeholders(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_is_translated_with_the_same_placeholders(fault, chinese):
    assert placeholders(chinese[fault.value]) == placeholders(fault.value)
