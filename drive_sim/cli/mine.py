"""``drive-sim mine``: searches for the situations in which a driver fails."""

from __future__ import annotations

from typing import Any

import click

from drive_sim.cli.arguments import (
    COUNT,
    DEVICE,
    DRIVER_OPTIONS,
    FOLDER,
    NAME_OR_PATH,
    SEED,
    FiniteRange,
    SuiteOption,
    traceback_option,
    videos,
)
from drive_sim.cli.cache import announce_compiling


@click.command()
@click.argument("driver", type=NAME_OR_PATH)
@DRIVER_OPTIONS
@click.option(
    "--suite", cls=SuiteOption, metavar="SUITE", type=NAME_OR_PATH, required=True, help="Whose scenarios are searched."
)
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="validation",
    show_default=True,
    help="Whose draws; those of test score drivers and are refused.",
)
@click.option("--episodes", type=COUNT, default=60, show_default=True, help="Situations driven of each scenario.")
@click.option("--rounds", type=click.IntRange(2, 100), default=4, show_default=True, help="In which they are drawn.")
@click.option("--seconds", type=FiniteRange(1.0, 86_400.0), help="How long each lasts at most; else the suite's own.")
@click.option("--batch", type=COUNT, help="Worlds driven at once.")
@click.option("--device", type=DEVICE, default="cpu", show_default=True, help="Where worlds and networks compute.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the search.")
@click.option(
    "--videos",
    metavar="N|all",
    callback=videos,
    default="12",
    show_default=True,
    help="Failures captured in mined.html: a second and 0.3 MB each.",
)
@click.option("--output", metavar="DIR", type=FOLDER, required=True, help="Folder for the files and the report.")
@traceback_option
def mine(**options: Any) -> None:
    """Search the scenarios of SUITE for situations in which DRIVER fails.

    DRIVER is what evaluate takes. The first round draws as the scenarios do, each later one nearer to failures. The
    same command goes on with a search that was killed.

    DIR gets situations/ (a scenario file for each failure), scenarios/ (each scenario narrowed to where DRIVER fails,
    for drive --record and evaluate --scenario), failures.toml (a suite of the failures), mined.json and mined.html
    (which parameters separate failures from passes, and what reference drivers do there).
    """
    from drive_sim.base.progress import show_progress
    from drive_sim.mining.harness import mine as search

    announce_compiling()
    with show_progress() as stages:
        found = search(**options, stages=stages)
    mined = found.mined
    for row in mined.scenarios:
        if row.file is not None and row.fresh is not None:
            shares = f"{row.fresh.failures} of {row.fresh.situations} fresh draws fail"
            drawn = f"{row.uniform.failures} of {row.uniform.situations} of its own draws"
            click.echo(f"{options['output'] / row.file}: {shares}; {drawn}")
    preventable = sum(row.preventable for row in mined.situations)
    click.echo(f"failing situations: {len(mined.situations)}, preventable: {preventable}")
    click.echo(f"report: {found.page}")
