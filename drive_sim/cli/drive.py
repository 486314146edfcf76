"""``drive-sim drive``: in a window, or without one."""

from __future__ import annotations

from typing import Any

import click

from drive_sim.base.errors import InputError
from drive_sim.cli.arguments import (
    COUNT,
    DRIVER_OPTIONS,
    FOLDER,
    NAME_OR_PATH,
    SEED,
    DriverOption,
    FiniteRange,
    traceback_option,
)
from drive_sim.cli.cache import announce_compiling
from drive_sim.cli.exit_status import FAILED


@click.command()
@click.option(
    "--road", metavar="FILE|CLASS", type=NAME_OR_PATH, help="A road file, or a class: motorway, rural, mountain, urban."
)
@click.option(
    "--scenario",
    metavar="NAME|FILE",
    type=NAME_OR_PATH,
    help="A bundled scenario such as lane-keeping/rural, or a file.",
)
@click.option(
    "--driver",
    cls=DriverOption,
    metavar="DRIVER",
    type=NAME_OR_PATH,
    default="keyboard",
    show_default=True,
    help="What drives.",
)
@DRIVER_OPTIONS
@click.option("--record", metavar="DATASET", type=FOLDER, help="Record into this dataset.")
@click.option("--minutes", type=FiniteRange(0, 100_000, min_open=True), help="Leave after so many minutes of driving.")
@click.option("--episodes", type=COUNT, help="Leave after so many episodes.")
@click.option("--headless", is_flag=True, help="No window; as fast as the machine goes.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of roads, weather and traffic.")
@traceback_option
def drive(**options: Any) -> None:
    """Drive, or watch a driver drive, and record it."""
    if options["road"] is not None and options["scenario"] is not None:
        raise InputError("drive", "--road", "cannot be given together with --scenario", "give one of them")
    headless = options.pop("headless")
    announce_compiling()
    if headless:
        from drive_sim.window.session import Session, drive_headless

        if drive_headless(Session.plan(**options), click.echo):
            raise click.exceptions.Exit(FAILED)
    else:
        from drive_sim.window.app import drive as drive_in_window

        click.echo(drive_in_window(**options))
