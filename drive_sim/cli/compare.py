"""``drive-sim compare``: two results or models beside each other."""

from __future__ import annotations

from pathlib import Path

import click

from drive_sim.cli.arguments import FILE, NAME_OR_PATH


@click.command()
@click.argument("first", metavar="A", type=NAME_OR_PATH)
@click.argument("second", metavar="B", type=NAME_OR_PATH)
@click.option(
    "--output", metavar="FILE.html", type=FILE, default="comparison.html", show_default=True, help="Page to write."
)
def compare(first: str, second: str, output: Path) -> None:
    """Compare A and B, each a folder of results or of a model, on one page that works offline.

    It tells the settings that differ, draws the training curves, and pairs the figures of the episodes that both drove.
    The results of a model's folder are those in it or in the one folder below that has any.
    """
    from drive_sim.evaluation.report.side_by_side.page import write_comparison

    found = write_comparison(first, second, output)
    click.echo(found.verdict)
    click.echo(f"comparison: {found.page}")
