"""``drive-sim bench``: measures this machine."""

from __future__ import annotations

from pathlib import Path

import click

from drive_sim.cli.arguments import DEVICE, FILE, FOLDER
from drive_sim.cli.cache import announce_compiling


@click.command()
@click.option("--device", type=DEVICE, default="cpu", show_default=True, help="What to measure.")
@click.option("--output", type=FILE, help="Write the figures into this JSON file too.")
@click.option("--history", metavar="FOLDER", type=FOLDER, help="Keep the figures there by date, commit and processor.")
@click.option("--profile", is_flag=True, help="Measure where the time of a step and of an image goes instead.")
def bench(device: str, output: Path | None, history: Path | None, profile: bool) -> None:
    """Measure how fast this machine steps, renders and decides; with a GPU also how far it agrees with the CPU."""
    if profile and history:
        raise click.UsageError("--history keeps no profile; leave --history or --profile away")
    announce_compiling()
    if profile:
        from drive_sim.bench.profiling import run_profile

        lines = run_profile(device, output)
    else:
        from drive_sim.bench import run_bench

        lines = run_bench(device, output, history=history)
    for line in lines:
        click.echo(line)
