"""``drive-sim demo``: the whole pipeline, unattended."""

from __future__ import annotations

from pathlib import Path

import click

from drive_sim.cli.arguments import FOLDER, SEED
from drive_sim.cli.cache import announce_compiling


@click.command()
@click.option("--output", type=FOLDER, default=Path("demo"), show_default=True, help="Folder for all that it makes.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of roads, driver and training.")
@click.option(
    "--recipe",
    type=click.Choice(["demo", "best"]),
    default="demo",
    show_default=True,
    help="best: twice as much recorded, an hour and more of training, for the best model.",
)
def demo(output: Path, seed: int, recipe: str) -> None:
    """Record a driver, train a network, evaluate it on roads never seen; unattended."""
    from drive_sim.base.progress import show_progress
    from drive_sim.cli.demo_pipeline import DEMOS, run_demo

    announce_compiling()
    with show_progress() as stages:
        pages = run_demo(output=output, seed=seed, stages=stages, settings=DEMOS[recipe])
    for page in pages:
        click.echo(f"report: {page}")
