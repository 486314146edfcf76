"""Speed of two commits, measured in turn: the median of the ratios of neighbouring measurements, with its quartiles.

    git worktree add ../before HEAD~1
    python scripts/compare_speed.py ../before .                          # env.step with camera, and training
    python scripts/compare_speed.py ../before . --what step --pairs 60 --at-least 0.98

Each checkout has a process of its own, which has compiled everything before the first measurement, in this script's
Python environment. A machine is now faster and now slower; two measurements that follow each other see much the same
machine, so their ratio says more than the ratio of two averages. Which of the two comes first changes with each pair.
Exit status 1 where a median is below ``--at-least``.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

STEPS, VIEWS = 400, 480
"""Control steps and views of one measurement."""
SCENARIO = "obstacle-avoidance/mixed"
PLACES = {
    "TrainingSettings": ("drive_sim.learning.settings", "drive_sim.learning.learner"),
    "Views": ("drive_sim.learning.views.source", "drive_sim.learning.views"),
}
"""Modules that a class is or was in, the newest first."""
Measure = Callable[[], float]
"""Works once and returns its speed."""


def _found(name: str) -> Any:
    """A class of the checkout, wherever its version has it."""
    for place in PLACES[name]:
        try:
            return getattr(importlib.import_module(place), name)
        except (ImportError, AttributeError):
            continue
    raise SystemExit(f"compare_speed: {os.getcwd()}: has no {name}")  # noqa: PTH109


def step(size: int) -> Measure:
    """Steps per second of processor time of one environment with a camera, on one thread."""
    gymnasium = importlib.import_module("gymnasium")
    importlib.import_module("drive_sim.envs")
    env = gymnasium.make("DriveSim-v0", scenario=SCENARIO, sensors=("camera",))
    action = np.array([0.0, 0.2], np.float32)
    env.reset(seed=1)

    def measure() -> float:
        start = time.process_time()
        for _ in range(size):
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset(seed=1)
        return size / (time.process_time() - start)

    return measure


def training(size: int) -> Measure:
    """Views per second that a network learns from, with all threads; the views lie ready, so none is rendered."""
    learner_of = importlib.import_module("drive_sim.learning.learner").Learner
    rng = np.random.default_rng(0)
    columns = {
        "images": rng.integers(0, 256, (size, 66, 200, 3), dtype=np.uint8),
        "curvature": rng.uniform(-0.05, 0.05, size).astype(np.float32),
        "speed": rng.uniform(0.0, 30.0, size).astype(np.float32),
        "future": rng.uniform(-0.05, 0.05, (size, 3)).astype(np.float32),
        "seen": rng.integers(0, 13, (size, 18)).astype(np.uint8),
        "slowest": rng.uniform(0.0, 30.0, size).astype(np.float32),
    }
    kind = _found("Views")
    views = kind(**{field.name: columns[field.name] for field in fields(kind)})
    learner = learner_of(_found("TrainingSettings")(views=size, chunk=size, half_precision=False), "cpu")

    def measure() -> float:
        start = time.perf_counter()
        learner.learn(views, 0)
        return size / (time.perf_counter() - start)

    return measure


class Work(NamedTuple):
    """Something whose speed is compared."""

    prepare: Callable[[int], Measure]
    size: int
    unit: str
    environment: dict[str, str]


KINDS = {
    "step": Work(step, STEPS, "steps/s of processor time", {"DRIVE_SIM_THREADS": "1"}),
    "training": Work(training, VIEWS, "views/s", {}),
}


def work(kind: str, size: int) -> None:
    """Measure for every line on standard input, in the checkout that is the working directory."""
    package = importlib.import_module("drive_sim")
    folder = Path(str(package.__file__)).parents[1]
    if folder != Path.cwd():
        raise SystemExit(f"compare_speed: {folder} is measured instead of {Path.cwd()}")
    measure = KINDS[kind].prepare(size)
    measure()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(measure(), flush=True)


@contextmanager
def checkout(folder: Path, kind: str, size: int) -> Iterator[Measure]:
    """A process that measures one checkout; what is yielded makes one measurement."""
    command = [sys.executable, str(Path(__file__).resolve()), "--work", kind, "--size", str(size)]
    environment = {**os.environ, **KINDS[kind].environment, "PYTHONPATH": str(folder)}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        asked, answers = process.stdin, process.stdout

        def answer() -> str:
            line = answers.readline()
            if not line:
                raise SystemExit(f"compare_speed: {folder}: cannot be measured; what it said is above")
            return line

        def measure() -> float:
            print(file=asked, flush=True)
            return float(answer())

        try:
            answer()
            yield measure
        finally:
            process.kill()


def compare(folders: Sequence[Path], kind: str, pairs: int, size: int) -> np.ndarray[Any, Any]:
    """(pairs, 2) speeds of the old and the new checkout, measured in turn."""
    speeds = np.zeros((pairs, 2))
    with ExitStack() as processes:
        measures = [processes.enter_context(checkout(folder, kind, size)) for folder in folders]
        for pair in range(pairs):
            for number in (0, 1) if pair % 2 else (1, 0):
                speeds[pair, number] = measures[number]()
    return speeds


def told(kind: str, speeds: np.ndarray[Any, Any]) -> tuple[float, str]:
    """The median of the ratios, new to old, and a line that tells it."""
    low, median, high = np.percentile(speeds[:, 1] / speeds[:, 0], (25, 50, 75))
    old, new = np.median(speeds, axis=0)
    line = f"{kind}: {len(speeds)} pairs, median of ratios {median:.3f} (quartiles {low:.3f}-{high:.3f});"
    best = " and ".join(f"{speed:,.0f}" for speed in speeds.max(axis=0))
    return float(median), f"{line} medians {old:,.0f} and {new:,.0f} {KINDS[kind].unit}, fastest {best}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare as the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="compare_speed", description=str(__doc__).partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="OLD NEW", help="two checkouts")
    parser.add_argument("--what", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--size", type=int, help=f"steps ({STEPS}) or views ({VIEWS}) of one measurement")
    parser.add_argument("--at-least", type=float, default=0.0, help="lowest median that is accepted")
    parser.add_argument("--work", choices=KINDS, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.work:
        work(given.work, given.size)
        return 0
    folders = [folder.resolve() for folder in given.folders]
    if len(folders) != 2:
        parser.error("give two checkouts, OLD and NEW")
    for folder in folders:
        if not (folder / "drive_sim").is_dir():
            parser.error(f"{folder} is no checkout; make one with git worktree add FOLDER COMMIT")
    if given.pairs < 1 or (given.size is not None and given.size < 1):
        parser.error("--pairs and --size are at least 1")
    lowest = 1e9
    for kind in given.what:
        median, line = told(kind, compare(folders, kind, given.pairs, given.size or KINDS[kind].size))
        print(line, flush=True)
        lowest = min(lowest, median)
    return int(lowest < given.at_least)


if __name__ == "__main__":
    sys.exit(main())
