"""``drive-sim train``: trains a driver on recorded datasets."""

from __future__ import annotations

from typing import Any

import click

from drive_sim.cli.arguments import DEVICE, FOLDER, SEED, NetworkOption
from drive_sim.cli.compiling import announce_compiling


@click.command()
@click.argument("datasets", metavar="DATASET...", type=FOLDER, nargs=-1, required=True)
@click.option("--output", metavar="MODEL", type=FOLDER, required=True, help="Folder of the model to write.")
@click.option(
    "--network",
    cls=NetworkOption,
    metavar="NAME",
    default="pilotnet",
    show_default=True,
    help="The network that learns.",
)
@click.option("--device", type=DEVICE, default="auto", show_default=True, help="Where the network learns.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of weights, views and their order.")
@click.option("--resume", is_flag=True, help="Go on where a training into MODEL was cut off.")
def train(**options: Any) -> None:
    """Train a driver on recorded datasets."""
    from drive_sim.base.progress import show_progress
    from drive_sim.learning.training import train as train_model

    announce_compiling()
    with show_progress() as stages:
        result = train_model(**options, report=stages("train"))
    click.echo(f"model: {result.folder}")
