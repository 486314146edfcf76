"""``drive-sim data``: looks after recorded datasets."""

from __future__ import annotations

from pathlib import Path

import click

from drive_sim.cli.arguments import FILE, FOLDER
from drive_sim.cli.exit_status import FAILED


@click.group()
def data() -> None:
    """Look after recorded datasets."""


@data.command(name="list")
@click.argument("dataset", type=FOLDER)
def list_episodes(dataset: Path) -> None:
    """List the episodes of DATASET."""
    from drive_sim.recording import curation

    for line in curation.list_episodes(dataset):
        click.echo(line)


@data.command()
@click.argument("dataset", type=FOLDER)
def check(dataset: Path) -> None:
    """Check that DATASET is whole; exit status 1 if it is not."""
    from drive_sim.recording import curation

    problems = curation.check(dataset)
    for problem in problems:
        click.echo(problem)
    if problems:
        raise click.exceptions.Exit(FAILED)
    click.echo(f"{dataset}: whole")


@data.command()
@click.argument("datasets", metavar="DATASET...", type=FOLDER, nargs=-1, required=True)
@click.option("--json", "file", metavar="FILE", type=FILE, help="Write the findings into a file as well.")
def quality(datasets: tuple[Path, ...], file: Path | None) -> None:
    """Say what recorded datasets can teach: minutes by road, weather, bend and speed, the hand, what is missing."""
    import json

    from drive_sim.base.files import replace_file
    from drive_sim.learning.quality import label_quality, quality_lines
    from drive_sim.learning.views.episodes import source_episodes
    from drive_sim.recording.dataset import Dataset

    found = label_quality([episode for path in datasets for episode in source_episodes(Dataset.open(path))])
    if file is not None:
        replace_file(file, json.dumps(found.to_dict(), indent=1) + "\n")
    for line in quality_lines(found):
        click.echo(line)


@data.command()
@click.argument("dataset", type=FOLDER)
def recover(dataset: Path) -> None:
    """Make episodes of what was being recorded into DATASET when a program or the machine was stopped.

    A recording that is going on is left alone.
    """
    from drive_sim.recording import curation

    recovered = curation.recover_episodes(dataset)
    for episode in recovered:
        click.echo(episode)
    if not recovered:
        click.echo(f"{dataset}: nothing was interrupted")


@data.command()
@click.argument("dataset", type=FOLDER)
@click.argument("episodes", metavar="EPISODE...", type=click.IntRange(min=0), nargs=-1, required=True)
def drop(dataset: Path, episodes: tuple[int, ...]) -> None:
    """Take episodes out of what is learned from; `restore` brings them back.

    EPISODE is its place in the dataset, as `list` counts.
    """
    from drive_sim.recording import curation

    curation.drop(dataset, episodes)


@data.command()
@click.argument("dataset", type=FOLDER)
@click.argument("episodes", metavar="EPISODE...", type=click.IntRange(min=0), nargs=-1, required=True)
def restore(dataset: Path, episodes: tuple[int, ...]) -> None:
    """Bring dropped episodes back.

    EPISODE is its number in the order of recording, as `list` shows beside what is dropped.
    """
    from drive_sim.recording import curation

    curation.restore(dataset, episodes)
