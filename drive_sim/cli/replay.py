"""``drive-sim replay``: a recorded episode or one of an evaluation, shown again."""

from __future__ import annotations

from pathlib import Path

import click

from drive_sim.base.errors import InputError
from drive_sim.cli.arguments import ANY_PATH, traceback_option
from drive_sim.cli.cache import announce_compiling


@click.command()
@click.argument("path", metavar="DATASET|RESULTS", type=ANY_PATH)
@click.argument("episode", type=click.IntRange(min=0), default=0)
@click.option("--driver", metavar="DRIVER", help="Of RESULTS: the driver it was compared with, instead of the scored.")
@traceback_option
def replay(path: Path, episode: int, driver: str | None) -> None:
    """Show a recorded episode again, or drive one of an evaluation again exactly as it was scored."""
    from drive_sim.evaluation.running.scored_episode import holds_results
    from drive_sim.window import app

    announce_compiling()
    if holds_results(path):
        click.echo(app.replay_scored(path, episode, driver))
    elif driver is not None:
        raise InputError("replay", "--driver", f"means nothing to {path}, a recording", "leave it out")
    else:
        app.replay(path, episode)
