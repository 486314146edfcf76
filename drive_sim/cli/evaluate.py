"""``drive-sim evaluate``: scores a driver on roads that it never saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from drive_sim.cli.arguments import (
    COUNT,
    DEVICE,
    DRIVER_OPTIONS,
    FILE,
    FOLDER,
    NAME_OR_PATH,
    SEED,
    FiniteRange,
    SuiteOption,
    renamed_option,
    traceback_option,
    videos,
)
from drive_sim.cli.cache import announce_compiling
from drive_sim.cli.exit_status import FAILED


@click.command()
@click.argument("driver", type=NAME_OR_PATH)
@DRIVER_OPTIONS
@click.option("--suite", cls=SuiteOption, metavar="SUITE", type=NAME_OR_PATH, help="What it is scored on.")
@click.option(
    "--scenario",
    metavar="NAME|FILE",
    type=NAME_OR_PATH,
    help="One scenario in place of a suite: a name or a .toml file.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    help="Whose draws of the --scenario; else test, or the last that the file is for.",
)
@click.option("--roads", metavar="DIR", type=FOLDER, help="Centre-line CSV files for real-roads.")
@click.option("--episodes", type=COUNT, help="How many; the suite's own number if not given.")
@click.option("--seconds", type=FiniteRange(1.0, 86_400.0), help="How long each lasts at most; else the suite's own.")
@click.option("--batch", type=COUNT, help="Worlds driven at once.")
@click.option("--device", type=DEVICE, default="cpu", show_default=True, help="Where worlds and networks compute.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of roads, weather and traffic.")
@click.option(
    "--against",
    metavar="DRIVER",
    type=NAME_OR_PATH,
    multiple=True,
    help="Compare on the same seeds; adds report-vs-DRIVER.html.",
)
@click.option(
    "--training-runs",
    metavar="MODEL",
    type=NAME_OR_PATH,
    multiple=True,
    help="Trained as DRIVER with another seed: the mean and the worst. A quoted pattern, 'runs/seed-*', too.",
)
@renamed_option("--retrained", "--training-runs")
@renamed_option("--films", "--videos")
@renamed_option("--yardsticks", "--baselines", flag=True)
@renamed_option("--no-yardsticks", "--no-baselines", flag=True)
@click.option(
    "--real-time", is_flag=True, help="One world, paced by the clock; late decisions leave the last in force."
)
@click.option("--latency", metavar="MS", type=FiniteRange(0, 10_000), default=0.0, help="Delay every command.")
@click.option("--baselines/--no-baselines", default=True, help="Whether the suite's other drivers drive too.")
@click.option(
    "--videos",
    metavar="N|all",
    callback=videos,
    default="100",
    show_default=True,
    help="Failed episodes captured in report.html: a second and 0.3 MB each.",
)
@click.option(
    "--metrics",
    metavar="FILE.py|MODULE",
    type=NAME_OR_PATH,
    multiple=True,
    help="Metrics of your own, shown beside the others; may be repeated.",
)
@click.option("--thresholds", metavar="FILE", type=FILE, help="What to reach (TOML); exit status 1 if it is not.")
@click.option("--junit", metavar="FILE", type=FILE, help="Write a JUnit XML of thresholds, or else of episodes.")
@click.option("--output", metavar="DIR", type=FOLDER, required=True, help="Folder for results.json and the reports.")
@traceback_option
def evaluate(metrics: tuple[str, ...], **options: Any) -> None:
    """Score DRIVER on roads it never saw.

    DRIVER is a name, a model's folder, or your own: my_file.py:MyDriver or my_package.pilots:MyDriver, a class, factory
    or function act(observation), an ONNX file, or a Stable-Baselines3 policy.zip. Code and pickles of your own run.
    SUITE is one of those below, or a FILE.toml of your own (docs/examples/README.md).

    DIR gets results.json (docs/results.md tells of every field), report.html (the verdict in words, where it fails,
    every failure with its video and the command that drives it again), and report-vs-DRIVER.html for each --against.
    """
    if not metrics:
        return _evaluate(**options)
    from drive_sim.evaluation.metrics.own import added_metrics

    with added_metrics(metrics):  # thresholds may be about them
        return _evaluate(**options, metrics=metrics)


def _evaluate(thresholds: Path | None, junit: Path | None, latency: float, **options: Any) -> None:
    """Evaluate, print what was found, and judge it; `click.exceptions.Exit` where the exit status is not 0."""
    from drive_sim.base.progress import show_progress
    from drive_sim.evaluation.harness import evaluate as evaluate_driver
    from drive_sim.evaluation.metrics import METRICS
    from drive_sim.evaluation.report.junit import check_junit, write_junit
    from drive_sim.evaluation.report.third_party import third_party
    from drive_sim.evaluation.report.training_seeds import told as told_of_training_runs
    from drive_sim.evaluation.report.words import energy
    from drive_sim.evaluation.results import load_results
    from drive_sim.evaluation.thresholds import judge, load_thresholds

    wanted = load_thresholds(thresholds) if thresholds else {}
    if junit:
        check_junit(junit)
    broken = METRICS.broken()
    for error in broken.values():
        click.echo(f"drive-sim: {error}", err=True)
    announce_compiling()
    with show_progress() as stages:
        page = evaluate_driver(**options, latency=latency / 1000.0, report=stages("evaluate"))
    click.echo(f"report: {page}")
    results = load_results(options["output"])
    others = third_party(results)
    not_ours = f"not drive_sim's own: {'; '.join(others)}" if others else ""
    for said in (told_of_training_runs(results), energy(results), not_ours):
        if said:
            click.echo(said)
    verdicts = judge(results, wanted)
    if junit:
        write_junit(junit, results, verdicts)
    for verdict in verdicts:
        click.echo(f"{'passed' if verdict.passed else 'missed'}: {verdict.sentence}")
    for name, added in results.added_metrics.items():
        if added.problem and name not in broken:
            click.echo(f"drive-sim: metric {name} of {added.package}: {added.problem}", err=True)
    for one in results.left_out:
        click.echo(f"drive-sim: {one.sentence}", err=True)
    if results.left_out or not all(verdict.passed for verdict in verdicts):
        raise click.exceptions.Exit(FAILED)
