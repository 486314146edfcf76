"""The pages and tables of the docs that follow from the code are what the code writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.reference.markdown import filled
from scripts.write_reference import PAGES, written


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_writes(name: str, repository: Path) -> None:
    assert (repository / name).read_text(encoding="utf-8") == written(name), "run python scripts/write_reference.py"


def test_a_table_replaces_the_one_below_its_marker_and_nothing_else() -> None:
    page = "before\n<!-- table: one -->\n| old |\n| older |\n\nafter\n| other |\n"
    assert filled(page, {"one": "| new |\n"}) == "before\n<!-- table: one -->\n| new |\n\nafter\n| other |\n"


@pytest.mark.parametrize("tables", [{}, {"one": "", "two": ""}])
def test_a_marker_without_a_table_and_a_table_without_a_marker_are_errors(tables: dict[str, str]) -> None:
    with pytest.raises(LookupError, match="markers"):
        filled("<!-- table: one -->\n", tables)
