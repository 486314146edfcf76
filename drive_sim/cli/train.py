"""``drive-sim train``: trains a driver on recorded datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from drive_sim.cli.arguments import DEVICE, FOLDER, NAME_OR_PATH, SEED, NetworkOption, RecipeCommand, RecipeOption
from drive_sim.cli.cache import announce_compiling


@click.command(cls=RecipeCommand)
@click.argument("datasets", metavar="DATASET...", type=FOLDER, nargs=-1, required=True)
@click.option("--output", metavar="MODEL", type=FOLDER, required=True, help="Folder of the model to write.")
@click.option(
    "--recipe",
    cls=RecipeOption,
    metavar="NAME|FILE|MODEL",
    type=NAME_OR_PATH,
    help="What defines the training run, else the defaults: a TOML file, a model to train again, or one that ships.",
)
@click.option(
    "--set",
    "assignments",
    metavar="KEY=VALUE",
    multiple=True,
    help="Win over a key of the recipe, such as network.dropout=0.2; may be given several times.",
)
@click.option("--network", cls=NetworkOption, metavar="NAME", help="The network that learns.")
@click.option("--device", type=DEVICE, default="auto", show_default=True, help="Where the network learns.")
@click.option(
    "--rounds",
    metavar="N",
    type=click.IntRange(0, 1000),
    help="On-policy rounds: N times the network drives in the recorded worlds and learns from where it gets to.",
)
@click.option("--seed", type=SEED, help="Of weights, views and their order.")
@click.option("--resume", is_flag=True, help="Go on where a training run into MODEL was cut off, by its own recipe.")
def train(
    datasets: tuple[Path, ...],
    assignments: tuple[str, ...],
    network: str | None,
    rounds: int | None,
    seed: int | None,
    **options: Any,
) -> None:
    """Train a driver on recorded datasets.

    docs/recipes.md tells of every key of a recipe.
    """
    from drive_sim.base.progress import show_progress
    from drive_sim.learning.recipe import Change, parse_changes
    from drive_sim.learning.training import train as train_model

    changes = parse_changes(assignments)
    changes += [Change("network.name", network, "--network")] if network is not None else []
    changes += [Change("rounds", rounds, "--rounds")] if rounds is not None else []
    changes += [Change("seed", seed, "--seed")] if seed is not None else []
    announce_compiling()
    with show_progress() as stages:
        result = train_model(datasets, changes=changes, **options, report=stages("train"))
    click.echo(f"model: {result.folder}")
