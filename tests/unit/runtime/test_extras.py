import pytest

from control_plane.runtime.extras import ExtraMissing, need


def test_what_is_installed_is_imported():
    assert need("parquet", "json.decoder").JSONDecoder


def test_what_is_not_installed_is_named_with_how_to_install_it():
    with pytest.raises(ExtraMissing) as missing:
        need("parquet", "no_such_library.part")

    assert missing.value.fields == {"extra": "parquet", "module": "no_such_library"}
    assert missing.value.advice.endswith("pip install 'tallyard[parquet]'.")


def test_what_is_installed_and_broken_says_why(tmp_path, monkeypatch):
    (tmp_path / "halfway.py").write_text("import no_such_library")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        need("parquet", "halfway")
