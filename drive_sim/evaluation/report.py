"""``report.html``: one file that works offline and says what an evaluation found, in words first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drive_sim.evaluation.results import Results
from drive_sim.progress import Report

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Driver
    from drive_sim.evaluation.harness import Evaluation

TEMPLATES = Path(__file__).parent / "templates"


def write_report(page: Path, results: Results, evaluation: Evaluation, driver: Driver, report: Report) -> None:
    """Write the page of an evaluation."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.get_template("report.html").render(results=results, suite=evaluation.suite)
    part = page.with_name(page.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(page)
