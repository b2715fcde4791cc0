"""All code in README.md and docs/ runs, in the order in which it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tinydl import rng
from tinydl.autodiff import PRIMITIVES
from tinydl.layers import LAYERS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_runs(page: Path) -> None:
    before = dict(PRIMITIVES), dict(LAYERS)
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)
    names: dict[str, object] = {"__name__": page.stem}
    rng("default")
    try:
        for block in blocks:
            exec(compile(block, str(page), "exec"), names)
    finally:
        for catalogue, entries in zip((PRIMITIVES, LAYERS), before, strict=True):
            catalogue.clear()
            catalogue.update(entries)
    assert blocks or page.name == "CHANGELOG.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
