"""Ids, numbers and JSON survive their text forms, and ids sort by their making."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.exact import EXACT, exact_decimal, quantity_text
from control_plane.kernel.ids import InvalidId, format_id, new_id, parse_id

prefixes = st.sampled_from(["ten", "usr", "sub", "inv", "ins", "ltx"])
numbers = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=12
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_ids_made_one_after_another_sort_in_that_order():
    made = [new_id() for _ in range(20_000)]

    assert made == sorted(set(made))
    assert [format_id("sub", value) for value in made] == sorted(
        format_id("sub", value) for value in made
    )


def test_ids_made_by_many_threads_are_all_different():
    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(lambda _: [new_id() for _ in range(2_000)], range(8)))

    assert len({value for batch in batches for value in batch}) == 16_000
    assert all(batch == sorted(batch) for batch in batches)


@given(prefixes, st.uuids())
def test_an_id_survives_its_text_form(prefix, value):
    text = format_id(prefix, value)

    assert parse_id(prefix, text) == value
    assert len(text) == len(prefix) + 27


@given(st.uuids(), st.uuids())
def test_text_forms_sort_as_the_ids_do(left, right):
    assert (format_id("sub", left) < format_id("sub", right)) == (left < right)


@given(st.text())
def test_no_other_text_is_taken_for_an_id(text):
    assume(not text.startswith("sub_"))
    with pytest.raises(InvalidId):
        parse_id("sub", text)


@given(prefixes, prefixes, st.uuids())
def test_an_id_of_one_kind_is_never_read_as_another(prefix, other, value: UUID):
    assume(prefix != other)
    with pytest.raises(InvalidId):
        parse_id(other, format_id(prefix, value))


@given(numbers)
def test_a_quantity_survives_its_text_form(value: Decimal):
    text = quantity_text(value)

    assert exact_decimal(text) == value
    assert quantity_text(exact_decimal(text)) == text
    assert "E" not in text


@given(numbers, st.integers(0, 9))
def test_equal_quantities_have_equal_texts(value: Decimal, zeros):
    longer = EXACT.quantize(value, Decimal((0, (1,), -12 - zeros)))

    assert quantity_text(longer) == quantity_text(value) == quantity_text(Fraction(value))


@given(json_values)
def test_canonical_json_reads_back_as_the_value(value):
    assume("\\ud" not in json.dumps(value))
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers()))
def test_canonical_json_does_not_depend_on_insertion_order(value):
    backwards = dict(reversed(value.items()))

    assert canonical_json(backwards) == canonical_json(value)
