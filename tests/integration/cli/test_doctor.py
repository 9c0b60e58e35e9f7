"""What is missing on this machine, and how to get it."""

from tests.integration.cli.shell import CHINESE, Shell

NOBODY_LISTENS = "postgresql://postgres@127.0.0.1:9/tallyard"


def test_with_everything_needed_doctor_is_content(tallyard: Shell):
    found = tallyard("doctor")

    assert found.status == 0, found.out
    assert [line for line in found.lines if line.startswith("✗")] == []
    assert {"✓ Python ≥ 3.11", "✓ database", "✓ schema", "✓ data folder"} <= {
        line.split("  (")[0] for line in found.lines
    }


def test_without_a_database_doctor_says_how_to_get_one(tallyard: Shell):
    missing = tallyard("doctor", TALLYARD_DATABASE_URL=NOBODY_LISTENS)

    at = missing.lines.index("✗ database  (`tallyard serve` and `tallyard worker`)")
    assert missing.lines[at + 1].startswith("    → set TALLYARD_DATABASE_URL")
    assert missing.status == 1


def test_doctor_speaks_the_language_of_the_shell(tallyard: Shell):
    missing = tallyard("doctor", TALLYARD_DATABASE_URL=NOBODY_LISTENS, LC_ALL=CHINESE)

    assert any(line.startswith("✗ 数据库") for line in missing.lines)
    assert "    → 请将 TALLYARD_DATABASE_URL 设为可连接的 PostgreSQL 18" in missing.lines


def test_a_setting_of_the_wrong_form_is_refused_by_name(tallyard: Shell):
    for verb in (("migrate",), ("serve",), ("doctor",)):
        refused = tallyard(*verb, TALLYARD_PORT="many")
        assert refused.status == 1, verb
        assert "TALLYARD_PORT" in refused.err
        assert "a whole number" in refused.err


def test_a_server_without_our_database_and_roles_lacks_only_the_schema(tallyard: Shell, cluster):
    elsewhere = cluster.rsplit("/", 1)[0] + "/not_there_yet"
    found = tallyard("doctor", TALLYARD_DATABASE_URL=elsewhere, TALLYARD_SECRET_KEY="another one")

    assert found.status == 1
    assert [line.split("  (")[0] for line in found.lines if line.startswith("✗")] == ["✗ schema"]


def test_a_data_folder_that_cannot_be_made_is_named(tallyard: Shell, tmp_path):
    (tmp_path / "file").touch()
    found = tallyard("doctor", TALLYARD_VAR_DIR=str(tmp_path / "file" / "var"))

    assert found.status == 1
    assert "✗ data folder" in found.out
