"""``drive-sim bench``: measures this machine."""

from __future__ import annotations

from pathlib import Path

import click

from drive_sim.cli.arguments import DEVICE, FILE
from drive_sim.cli.compiling import announce_compiling


@click.command()
@click.option("--device", type=DEVICE, default="cpu", show_default=True, help="What to measure.")
@click.option("--output", type=FILE, help="Write the figures into this JSON file too.")
@click.option("--profile", is_flag=True, help="Measure where the time of a step and of an image goes instead.")
def bench(device: str, output: Path | None, profile: bool) -> None:
    """Measure how fast this machine steps, renders and decides; with a GPU also how far it agrees with the CPU."""
    from drive_sim.bench import run_bench
    from drive_sim.bench.profiling import run_profile

    announce_compiling()
    for line in (run_profile if profile else run_bench)(device, output):
        click.echo(line)
