"""The pages of docs/reference and the tables of docs/sensors.md and docs/recipes.md are what the code writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.write_reference import PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_writes(name: str, repository: Path) -> None:
    page = (repository / "docs" / name).read_text(encoding="utf-8")
    assert page == PAGES[name](), "run python scripts/write_reference.py"
