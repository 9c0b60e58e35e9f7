"""The hash is kept for years: events sent again later must still be recognised."""

from tests.support.usage import usage_event

KNOWN = "f9aeb7c82184b14682b8019a96973d1a29f917fbea2e05ece859740c552a0fb3"


def test_the_hash_of_an_event_never_changes():
    event = usage_event(data={"lines": "2.50", "n": 1.50, "flag": True, "名": [None]})

    assert event.body_hash.hex() == KNOWN
