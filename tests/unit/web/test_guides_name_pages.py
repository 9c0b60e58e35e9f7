"""The guides call the portal's pages what the portal calls them, in both languages."""

import re
from pathlib import Path

import pytest

from web.i18n import translate

GUIDES = sorted(Path("docs/billing").glob("*.md"))
NAMED = re.compile(r"\*([^*]+)\* \(([^)\x00-\x7f]+)\)")


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_names_its_pages_as_the_portal_does(guide):
    named = NAMED.findall(guide.read_text(encoding="utf-8"))
    assert named
    assert [(en, zh) for en, zh in named if translate("zh", en) != zh] == []
