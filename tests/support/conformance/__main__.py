"""Write every vector file anew."""

from tests.support.conformance import SUITES, VECTORS, text_of

for suite in SUITES:
    (VECTORS / f"{suite.name}.json").write_text(text_of(suite), encoding="utf-8")
    print(f"{suite.name}: {len(suite.cases)} cases, {suite.by_hand} answered by hand")
