"""The catalogue from the shell: compare, publish, show, and a broken file told exactly."""

from pathlib import Path

from tests.integration.cli.shell import CHINESE, Shell
from tests.support.api import CATALOGUE
from tests.support.catalogue import place_of, spoiled


def written(folder: Path, text: str) -> str:
    file = folder / "catalogue.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_catalogue_is_compared_published_and_shown(tallyard: Shell):
    file = str(CATALOGUE)

    compared = tallyard("catalog", "diff", file)
    before = tallyard("catalog", "show")
    published = tallyard("catalog", "apply", file)
    again = tallyard("catalog", "diff", file)
    shown = tallyard("catalog", "show")

    assert before.out == "", "comparing publishes nothing"
    assert "new  plans growth@1" in compared.out
    assert compared.out == published.out, "what was shown is what was done"
    assert again.out == "Nothing would change.\n"
    assert "growth@1  Growth / 成长版" in shown.lines
    assert any(line.startswith("    1999.00 CNY a month + ") for line in shown.lines)
    assert "    season 618: 888.00 CNY, 128.00 USD" in shown.lines
    assert {r.status for r in (before, compared, published, again, shown)} == {0}


def test_a_changed_price_is_shown_with_both_values_and_becomes_a_version(
    tallyard: Shell, tmp_path: Path
):
    tallyard("catalog", "apply", str(CATALOGUE))
    dearer = CATALOGUE.read_text(encoding="utf-8").replace('"1999.00"', '"2099.00"')
    file = written(tmp_path, dearer)

    compared = tallyard("catalog", "diff", file)
    tallyard("catalog", "apply", file)
    shown = tallyard("catalog", "show")

    assert "plans growth@2" in compared.out
    assert "1999.00 → 2099.00" in compared.out
    assert "scale@2" not in compared.out, "nothing else changed"
    assert "growth@2  Growth / 成长版" in shown.lines
    assert "scale@1  Scale / 规模版" in shown.lines


def test_every_fault_of_a_file_is_told_with_its_line_and_column(tallyard: Shell, tmp_path: Path):
    growth = "成长版}\n    modules: [inbound, "
    source = spoiled(growth + "outbound]", growth + "teleport]")
    source = source.replace('"3999.00"', '"39.999"')
    file = written(tmp_path, source)
    module, amount = (":".join(map(str, place_of(source, p))) for p in ("teleport", '"39.999"'))

    refused = tallyard("catalog", "apply", file)
    chinese = tallyard("catalog", "diff", file, LC_ALL=CHINESE)
    shown = tallyard("catalog", "show")

    assert refused.status == chinese.status == 1
    told = refused.err.splitlines()
    assert f"  {module} plans[0].modules[1]  There is no module “teleport”." in told
    assert any(line.startswith(f"  {amount} plans[1].prices[0].charges[0].amount") for line in told)
    assert f"  {module} plans[0].modules[1]  没有模块“teleport”。" in chinese.err.splitlines()
    assert shown.out == "", "nothing of a broken file is published"


def test_a_file_that_is_not_there_is_refused_before_anything_else(tallyard: Shell):
    refused = tallyard("catalog", "diff", "nowhere.yaml")

    assert refused.status == 2
    assert "nowhere.yaml" in refused.err
