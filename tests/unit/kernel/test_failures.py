"""A failure is kept by name, code and values, and read again when its sentence may have changed."""

from dataclasses import replace
from decimal import Decimal

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.failure import Failure
from control_plane.kernel.said import Said


class CrateTooHeavy(TallyardError):
    code = "test_crate_too_heavy"
    kind = ErrorKind.INVALID
    message = "crate {crate} weighs {weight} kg"
    remedy = "Take something out."


def test_a_sentence_is_a_text_that_remembers_what_it_was_made_of():
    said = Said("{count} of {what}", count=3, what="crates")

    assert said == "3 of crates"
    assert (said.template, said.fields) == ("{count} of {what}", {"count": 3, "what": "crates"})


def test_a_refusal_is_kept_by_its_code_with_plain_values():
    kept = Failure.of(CrateTooHeavy(crate=7, weight=Decimal("31.50")))

    assert kept == Failure(
        "CrateTooHeavy",
        "crate 7 weighs 31.50 kg",
        "test_crate_too_heavy",
        {"crate": 7, "weight": "31.50"},
    )
    assert Failure.from_body(kept.body()) == kept
    assert kept.said() == "CrateTooHeavy: crate 7 weighs 31.50 kg"
    assert isinstance(kept.said().fields["message"], Said)


def test_what_is_no_refusal_of_ours_is_kept_as_it_was_raised():
    kept = Failure.of(ValueError("x" * 5000))

    assert kept == Failure("ValueError", "x" * 2000)
    assert Failure.from_body(kept.body()) == kept
    assert kept.said() == f"ValueError: {'x' * 2000}"


def test_a_sentence_that_says_other_things_by_now_leaves_the_old_text():
    kept = Failure.of(CrateTooHeavy(crate=7, weight=31))

    older = replace(kept, text="crate 7 is too heavy", fields={"crate": 7})

    assert older.said() == "CrateTooHeavy: crate 7 is too heavy"
    assert replace(older, fields=None).said() == "CrateTooHeavy: crate 7 is too heavy"


def test_a_code_that_nothing_has_any_more_leaves_the_old_text():
    assert Failure("Gone", "it was so", "test_gone", {}).said() == "Gone: it was so"
