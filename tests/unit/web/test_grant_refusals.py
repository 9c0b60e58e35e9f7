"""Finance's forms of grants speak of a field as the page labels it, in both languages."""

import pytest

from control_plane.entitlements.errors_grants import GrantInvalid
from web.portal.forms import Submitted, refused
from web.portal.grant_refusals import GrantFieldRefused, field_refused, told_by_label


def form(**fields):
    return Submitted({name: [value] for name, value in fields.items()})


def told(sent, field, language):
    """What stands beside which field once a use case has refused ``field``."""
    with pytest.raises(GrantFieldRefused) as caught, told_by_label(sent):
        raise GrantInvalid(what="thing", value="9", field=field)
    shown, status = refused(caught.value, sent, language)
    assert status == 400
    return shown.errors


@pytest.mark.parametrize(
    ("sent", "field", "english", "chinese"),
    [
        (
            form(rollover_most="", rollover_least="7"),
            "rollover",
            ("rollover_least", "“Made up to at least” cannot be “7”. Give whole numbers"),
            ("rollover_least", "“至少补足到”不能为“7”。请填整数"),
        ),
        (
            form(every="month"),
            "every",
            ("every", "“How often” cannot be Monthly. Choose “once”"),
            ("every", "“发放周期”不能为按月。请选择"),
        ),
        (
            form(starts_at="", ends_at="2020-01-01T08:00"),
            "expires_at",
            ("ends_at", "“Until” cannot be “2020-01-01 08:00”. Give a time"),
            ("ends_at", "“结束”不能为“2020-01-01 08:00”。请填晚于"),
        ),
        (
            form(reason=""),
            "reason",
            ("reason", "“Reason” cannot be empty. Say why"),
            ("reason", "“原因”不能为空。请填写原因"),
        ),
    ],
)
def test_a_refusal_names_the_label_the_value_and_what_to_do(sent, field, english, chinese):
    for language, (name, words) in (("en", english), ("zh", chinese)):
        errors = told(sent, field, language)
        assert list(errors) == [name]
        assert errors[name].startswith(words)


def test_what_the_form_does_not_hold_is_told_as_it_came():
    with pytest.raises(GrantInvalid) as caught, told_by_label(form(reason="Goodwill")):
        raise GrantInvalid(what="value", value="9", field="value")
    assert not isinstance(caught.value, GrantFieldRefused)


def test_what_is_no_number_is_told_by_the_label_too():
    shown, _ = refused(field_refused("priority", "soon"), form(priority="soon"), "en")
    assert shown.errors == {
        "priority": "“Priority” cannot be “soon”. Give a whole number from 0 to 1,000. "
        "Correct this field and send the form again."
    }
