import pytest

from control_plane.kernel.errors import ErrorKind, TallyardError, concrete_errors


class Group(TallyardError, abstract=True):
    code = "group"


class ShelfNotFound(Group):
    code = "shelf_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no shelf {shelf}."
    remedy = "Ask for one of {known}."


def test_an_error_speaks_with_its_values_filled_in():
    error = ShelfNotFound(shelf="A-7", known="A-1, A-2", field="shelf")

    assert str(error) == "There is no shelf A-7."
    assert error.advice == "Ask for one of A-1, A-2."
    assert error.fields == {"shelf": "A-7", "known": "A-1, A-2"}
    assert error.field == "shelf"


def test_an_error_names_no_field_unless_told():
    assert ShelfNotFound(shelf="A-7", known="").field is None


def test_a_value_missing_from_message_or_remedy_is_noticed_at_once():
    with pytest.raises(TypeError, match="ShelfNotFound needs known"):
        ShelfNotFound(shelf="A-7")


def test_braces_in_a_value_stay_as_they_are():
    assert str(ShelfNotFound(shelf="{known}", known="A-1")) == "There is no shelf {known}."


def test_a_class_without_all_four_attributes_cannot_be_defined():
    with pytest.raises(TypeError, match="Nameless does not define code, message, remedy"):

        class Nameless(TallyardError):
            kind = ErrorKind.INVALID


@pytest.mark.parametrize("error", [TallyardError, Group])
def test_a_class_that_only_groups_others_cannot_be_raised(error):
    with pytest.raises(TypeError, match="never raised"):
        error()


def test_the_errors_that_can_be_raised_are_found_through_the_groups():
    assert list(concrete_errors(Group)) == [ShelfNotFound]
    assert Group not in concrete_errors()
