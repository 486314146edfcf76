"""``drive-sim bench``: measures this machine."""

from __future__ import annotations

from pathlib import Path

import click

from drive_sim.cli.arguments import DEVICE, FILE
from drive_sim.cli.compiling import announce_compiling


@click.command()
@click.option("--device", type=DEVICE, default="cpu", show_default=True, help="What to measure.")
@click.option("--output", type=FILE, help="Write the figures into this JSON file too.")
def bench(device: str, output: Path | None) -> None:
    """Measure how fast this machine steps, draws and decides; with a GPU also how far it agrees with the CPU."""
    from drive_sim.bench import run_bench

    announce_compiling()
    for line in run_bench(device=device, output=output):
        click.echo(line)
