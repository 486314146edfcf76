"""The ``drive-sim`` command: parses, calls, prints; decides nothing.

Every command imports what it calls when it is called, so that ``drive-sim --help`` answers at once and needs neither
a display nor torch. Exit status: 0 done, 1 the work failed, 2 bad arguments or bad input, 130 interrupted; the user's
mistakes end in one line on standard error.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from drive_sim import __version__
from drive_sim.base.errors import InputError
from drive_sim.cli.arguments import AT_LEAST_ONE, DEVICE, FILE, FOLDER, SEED, SuiteOption, usage_error, videos

PROGRAM = "drive-sim"
DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

EXTRA_OF = {
    "av": "report",
    "jinja2": "report",
    "matplotlib": "report",
    "pygame": "window",
    "safetensors": "learn",
    "tensorboard": "learn",
    "torch": "learn",
}
"""Which extra of the package brings a module that the core does without."""

USERS_DISK = (errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.EPERM, errno.EROFS)
"""Failures to write or read that the user can mend, and no traceback explains."""


@click.group(name=PROGRAM, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name=PROGRAM)
def application() -> None:
    """Drive, record, learn and prove: a 2D driving simulator with sensors, imitation learning and evaluation."""


@application.command()
@click.option("--output", type=FOLDER, default=Path("demo"), show_default=True, help="Folder for all that it makes.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of roads, driver and training.")
def demo(output: Path, seed: int) -> None:
    """Record a driver, train a network, evaluate it on roads never seen; unattended."""
    from drive_sim.base.progress import show_progress
    from drive_sim.cli.demo import run_demo

    _announce_compiling()
    with show_progress() as stages:
        pages = run_demo(output=output, seed=seed, stages=stages)
    for page in pages:
        click.echo(f"report: {page}")


@application.command()
def doctor() -> None:
    """Say what this machine has, and what to do about what is missing."""
    from drive_sim.cli.doctor import essentials_present, report

    findings = report()
    for finding in findings:
        click.echo(finding)
    if not essentials_present(findings):
        raise click.exceptions.Exit(FAILED)


@application.command()
@click.option("--road", metavar="FILE|CLASS", help="A road file, or a class: motorway, rural, mountain, urban.")
@click.option("--scenario", metavar="NAME|FILE", help="A bundled scenario such as lane-keeping/rural, or a file.")
@click.option(
    "--driver",
    metavar="DRIVER",
    default="keyboard",
    show_default=True,
    help="keyboard, mouse, gamepad, wheel, human-model, expert, r157, classical, or a model.",
)
@click.option("--record", metavar="DATASET", type=FOLDER, help="Record into this dataset.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Leave after so many minutes of driving.")
@click.option("--episodes", type=AT_LEAST_ONE, help="Leave after so many episodes.")
@click.option("--headless", is_flag=True, help="No window; as fast as the machine goes.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of roads, weather and traffic.")
def drive(**options: Any) -> None:
    """Drive, or watch a driver drive, and record it."""
    if options["road"] is not None and options["scenario"] is not None:
        raise InputError("drive", "--road", "cannot be given together with --scenario", "give one of them")
    headless = options.pop("headless")
    _announce_compiling()
    if headless:
        from drive_sim.window.session import Session, drive_headless

        drive_headless(Session.plan(**options), click.echo)
    else:
        from drive_sim.window.app import drive as drive_in_window

        drive_in_window(**options)


@application.command()
@click.argument("path", metavar="DATASET|RESULTS", type=click.Path(path_type=Path))
@click.argument("episode", type=click.IntRange(min=0), default=0)
@click.option("--driver", metavar="DRIVER", help="Of RESULTS: the driver it was compared with, instead of the scored.")
def replay(path: Path, episode: int, driver: str | None) -> None:
    """Show a recorded episode again, or drive one of an evaluation again exactly as it was scored."""
    from drive_sim.evaluation.running.scored_episode import holds_results
    from drive_sim.window import app

    _announce_compiling()
    if holds_results(path):
        click.echo(app.replay_scored(path, episode, driver))
    elif driver is not None:
        raise InputError("replay", "--driver", f"means nothing to {path}, a recording", "leave it out")
    else:
        app.replay(path, episode)


@application.group()
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


@application.command()
@click.argument("datasets", metavar="DATASET...", type=FOLDER, nargs=-1, required=True)
@click.option("--output", metavar="MODEL", type=FOLDER, required=True, help="Folder of the model to write.")
@click.option("--network", metavar="NAME", default="pilotnet", show_default=True, help="Shape of the network.")
@click.option("--device", type=DEVICE, default="auto", show_default=True, help="Where the network learns.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of weights, views and their order.")
@click.option("--resume", is_flag=True, help="Go on where a training into MODEL was cut off.")
def train(**options: Any) -> None:
    """Train a driver on recorded datasets."""
    from drive_sim.base.progress import show_progress
    from drive_sim.learning.training import train as train_model

    _announce_compiling()
    with show_progress() as stages:
        result = train_model(**options, report=stages("train"))
    click.echo(f"model: {result.folder}")


@application.command()
@click.argument("driver")
@click.option("--suite", cls=SuiteOption, metavar="SUITE", required=True, help="What it is scored on.")
@click.option("--roads", metavar="DIR", type=FOLDER, help="Centre-line CSV files for real-roads.")
@click.option("--episodes", type=AT_LEAST_ONE, help="How many; the suite's own number if not given.")
@click.option("--seconds", type=click.FloatRange(min=1.0), help="How long each lasts at most; else the suite's own.")
@click.option("--batch", type=AT_LEAST_ONE, help="Worlds driven at once.")
@click.option("--device", type=DEVICE, default="cpu", show_default=True, help="Where worlds and networks compute.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of roads, weather and traffic.")
@click.option(
    "--against", metavar="DRIVER", multiple=True, help="Compare on the same seeds; adds report-vs-DRIVER.html."
)
@click.option(
    "--retrained",
    metavar="MODEL",
    multiple=True,
    help="Trained as DRIVER with another seed: report what trainings are worth. A quoted pattern, 'runs/seed-*', too.",
)
@click.option(
    "--real-time", is_flag=True, help="One world, paced by the clock; late decisions leave the last in force."
)
@click.option("--latency", metavar="MS", type=click.FloatRange(0, 10_000), default=0.0, help="Delay every command.")
@click.option("--baselines/--no-baselines", default=True, help="Whether the suite's other drivers drive too.")
@click.option(
    "--videos",
    metavar="N|all",
    callback=videos,
    default="100",
    show_default=True,
    help="Failed drives captured in report.html: a second and 0.3 MB each.",
)
@click.option("--thresholds", metavar="FILE", type=FILE, help="What to reach (TOML); exit status 1 if it is not.")
@click.option("--junit", metavar="FILE", type=FILE, help="Write a JUnit XML of thresholds, or else of episodes.")
@click.option("--output", metavar="DIR", type=FOLDER, required=True, help="Folder for results.json and the reports.")
def evaluate(thresholds: Path | None, junit: Path | None, latency: float, **options: Any) -> None:
    """Score DRIVER on roads it never saw.

    DIR gets results.json (docs/results.md tells of every field), report.html (the verdict in words, where it fails,
    every failure with its video and the command that drives it again), and report-vs-DRIVER.html for each --against.
    """
    from drive_sim.base.progress import show_progress
    from drive_sim.evaluation.harness import evaluate as evaluate_driver
    from drive_sim.evaluation.report.junit import write_junit
    from drive_sim.evaluation.report.training_seeds import told as told_of_training_runs
    from drive_sim.evaluation.report.words import energy
    from drive_sim.evaluation.results import load_results
    from drive_sim.evaluation.thresholds import judge, load_thresholds

    wanted = load_thresholds(thresholds) if thresholds else {}
    _announce_compiling()
    with show_progress() as stages:
        page = evaluate_driver(**options, latency=latency / 1000.0, report=stages("evaluate"))
    click.echo(f"report: {page}")
    results = load_results(options["output"])
    for said in (told_of_training_runs(results), energy(results)):
        if said:
            click.echo(said)
    verdicts = judge(results, wanted)
    if junit:
        write_junit(junit, results, verdicts)
    for verdict in verdicts:
        click.echo(f"{'passed' if verdict.passed else 'missed'}: {verdict.sentence}")
    if not all(verdict.passed for verdict in verdicts):
        raise click.exceptions.Exit(FAILED)


@application.command()
@click.option("--device", type=DEVICE, default="cpu", show_default=True, help="What to measure.")
@click.option("--output", type=FILE, help="Write the figures into this JSON file too.")
def bench(device: str, output: Path | None) -> None:
    """Measure how fast this machine steps, draws and decides; with a GPU also how far it agrees with the CPU."""
    from drive_sim.bench import run_bench

    _announce_compiling()
    for line in run_bench(device=device, output=output):
        click.echo(line)


def _announce_compiling() -> None:
    from drive_sim.cli.doctor import compiled_kernels

    if not compiled_kernels():
        click.echo("compiling the simulator for this machine, once: up to a minute", err=True)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command with ``arguments`` (those of the process if None) and return its exit status."""
    try:
        status = application.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return DONE
    except click.UsageError as error:
        return _say(str(usage_error(error, PROGRAM)), BAD_INPUT)
    except InputError as error:
        return _say(str(error), BAD_INPUT)
    except click.Abort:
        return _say("interrupted", INTERRUPTED)
    except ModuleNotFoundError as error:
        extra = EXTRA_OF.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        return _say(f"{error.name}: is not installed; pip install 'drive-sim[{extra}]'", FAILED)
    except OSError as error:
        if error.errno not in USERS_DISK:
            raise
        problem = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        return _say(f"{problem}; name a place that can be written and has room", FAILED)
    # A command that ends by Exit(status) hands the status back; one that simply returns hands back None.
    return status if isinstance(status, int) else DONE


def _say(line: str, status: int) -> int:
    click.echo(f"{PROGRAM}: {line}", err=True)
    return status


def main() -> None:
    """Entry point of the installed ``drive-sim`` command."""
    sys.exit(run())


if __name__ == "__main__":
    main()
