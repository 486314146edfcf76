"""The tables of docs/results.md that follow from the code: metrics, figures of the clock, outcomes.

``python scripts/results_tables.py`` writes them anew; tests/evaluation/test_results_docs.py tells when that is due.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from drive_sim.evaluation.metrics import FAMILIES, TIMING_METRICS
from drive_sim.evaluation.report.words import OUTCOMES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results.md"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first cell of each row is a name in the file."""
    lines = [head, ["---"] * len(head), *([f"`{name}`", *cells] for name, *cells in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines).replace("| --- ", "|---").replace("--- |", "---|")


def first_sentence(text: str | None) -> str:
    """The first sentence of a docstring."""
    whole = " ".join((text or "").split())
    return re.split(r"\.(?: (?!\d)|$)", whole)[0].replace("|", "\\|")


def replaced(page: str, heading: str, new: str) -> str:
    """The page with the table below a heading replaced."""
    before, after = page.split(f"### {heading}\n", 1)
    return f"{before}### {heading}\n" + re.sub(r"(^\|.*\n)+", lambda _: new, after, count=1, flags=re.MULTILINE)


def main() -> None:
    """Write the tables."""
    metrics = [
        (metric.name, metric.unit, metric.better, metric.aggregation, metric.basis, first_sentence(metric.__doc__))
        for metrics in FAMILIES.values()
        for metric in metrics
    ]
    timing = [(name, one.unit, one.better, first_sentence(one.__doc__)) for name, one in TIMING_METRICS.items()]
    page = PAGE.read_text(encoding="utf-8")
    page = replaced(page, "timing", table(("figure", "unit", "better", "meaning"), timing))
    page = replaced(page, "Outcomes", table(("outcome", "the driver"), OUTCOMES.items()))
    head = ("metric", "unit", "better", "becomes one number as", "basis", "meaning")
    PAGE.write_text(replaced(page, "Metrics", table(head, metrics)), encoding="utf-8")


if __name__ == "__main__":
    main()
