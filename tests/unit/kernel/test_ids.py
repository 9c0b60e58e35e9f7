import os
import time
from uuid import UUID

import pytest

from control_plane.kernel import ids
from control_plane.kernel.ids import InvalidId, format_id, new_id, parse_id

SUBSCRIPTION = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def test_a_new_id_is_a_uuid_of_version_7():
    value = new_id()

    assert value.version == 7
    assert value.int >> 62 & 0b11 == 0b10


def test_an_id_carries_the_millisecond_of_its_making():
    before = time.time_ns() // 1_000_000
    made = new_id().int >> 80

    assert before <= made <= time.time_ns() // 1_000_000 + 1


def test_ids_keep_growing_when_the_machine_clock_is_set_back(monkeypatch):
    earlier = new_id()
    monkeypatch.setattr(ids.time, "time_ns", lambda: 0)

    assert new_id() > earlier


def test_the_text_form_is_a_prefix_and_26_letters():
    text = format_id("sub", SUBSCRIPTION)

    assert text == "sub_01h455vb4pex5vsknk084sn02q"
    assert parse_id("sub", text) == SUBSCRIPTION


@pytest.mark.parametrize("value", [UUID(int=0), UUID(int=(1 << 128) - 1)])
def test_the_extreme_ids_survive_the_text_form(value):
    assert parse_id("ten", format_id("ten", value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sub",
        "sub_",
        "01h455vb4pex5vsknk084sn02q",
        "inv_01h455vb4pex5vsknk084sn02q",
        "sub-01h455vb4pex5vsknk084sn02q",
        "sub_01h455vb4pex5vsknk084sn02",
        "sub_01h455vb4pex5vsknk084sn02qq",
        "sub_01H455VB4PEX5VSKNK084SN02Q",
        "sub_01h455vb4pex5vsknk084sn02u",
        "sub_81h455vb4pex5vsknk084sn02q",
        "sub_ 1h455vb4pex5vsknk084sn02q",
    ],
)
def test_anything_but_the_exact_text_form_is_refused(text):
    with pytest.raises(InvalidId) as refused:
        parse_id("sub", text)

    assert refused.value.fields == {"value": text, "prefix": "sub"}


def test_a_forked_process_draws_ids_of_its_own():
    new_id()  # some random numbers are drawn ahead
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writer, new_id().bytes)
        os._exit(0)
    os.waitpid(child, 0)
    own, other = new_id(), UUID(bytes=os.read(reader, 16))
    os.close(reader)
    os.close(writer)

    random_bits = (1 << 62) - 1
    assert own.int & random_bits != other.int & random_bits
