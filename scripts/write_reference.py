"""Write the pages and tables of the docs that follow from the code.

The command line is told from its commands, the keys of recipes, scenario and suite files from their schemas, sensors
from their configurations and readings, results from the docstrings of their fields, suites from their files.
``python scripts/write_reference.py`` writes them anew; tests/end_to_end/test_reference.py tells when that is due.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.reference.commands import command_page
from scripts.reference.keys import scenario_page
from scripts.reference.markdown import ROOT, filled
from scripts.reference.recipes import recipe_tables
from scripts.reference.results import result_tables
from scripts.reference.sensors import sensor_tables
from scripts.reference.suites import condition_tables, readme_tables, suite_tables

WHOLE: dict[str, Callable[[], str]] = {
    "docs/reference/command-line.md": command_page,
    "docs/reference/scenario-keys.md": scenario_page,
}
"""Pages that are written as a whole."""
TABLES: dict[str, Callable[[], Mapping[str, str]]] = {
    "README.md": readme_tables,
    "docs/evaluation.md": suite_tables,
    "docs/recipes.md": recipe_tables,
    "docs/results.md": result_tables,
    "docs/sensors.md": sensor_tables,
    "docs/uncertainty.md": condition_tables,
}
"""Pages whose tables are written, by the name in the marker above each."""
PAGES = (*WHOLE, *TABLES)


def written(name: str) -> str:
    """The page of that name as the code has it."""
    if name in WHOLE:
        return WHOLE[name]()
    return filled((ROOT / name).read_text(encoding="utf-8"), TABLES[name]())


def main() -> None:
    """Write every page."""
    for name in PAGES:
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(written(name), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
