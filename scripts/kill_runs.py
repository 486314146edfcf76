"""Kill recordings, changes of a dataset, training runs and evaluations at random moments, and look at what is left.

    python scripts/kill_runs.py --kills 100            # each kind; about an hour of processor time
    python scripts/kill_runs.py --kills 5 --kinds record add

Every run is a child forked from a process that has imported everything, so that it begins at once. It is ended by
SIGKILL, SIGTERM or Ctrl-C in turn, at a moment drawn from ``--seed`` within the time that an undisturbed run takes; the
next run starts from what was left. Exit status 1 if anything was lost, a traceback was printed or a status is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drive_sim.base.errors import InputError
from drive_sim.base.files import listed
from drive_sim.cli.main import main as drive_sim_main
from drive_sim.evaluation import harness
from drive_sim.evaluation.report import page
from drive_sim.evaluation.results import FILE_NAME, load_results
from drive_sim.learning import recordings
from drive_sim.recording import curation
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.journal import JournalWriter, journal_folders, read_journal
from drive_sim.recording.storage import settle
from drive_sim.recording.writer import recover
from drive_sim.window import session

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
STATUSES = {signal.SIGKILL: {-signal.SIGKILL}, signal.SIGTERM: {143}, signal.SIGINT: {130}}
PATIENCE = 120.0
"""A run that does not end this long [s] after a signal hangs."""
IMPORTED = (harness, page, session)
"""What children would otherwise import themselves."""

RECIPE = """
views = 96
chunk = 8
batch = 8
trials = 0
held_out = 0.0
half_precision = false

[network]
channels = [2, 2, 2, 2, 2]
dense = [8, 8]
"""
"""Of a short training run."""


@dataclass
class Ended:
    """How a child ended."""

    status: int
    """Exit status, negative: the signal that ended it."""
    output: str
    seconds: float
    late: float
    """Time from the signal to the end [s]."""


def run_child(arguments: Sequence[str], log: Path, number: int | None = None, after: float = 0.0) -> Ended:
    """``drive-sim`` with ``arguments`` in a child, sent the signal ``number`` after so many seconds."""
    ready, begin = os.pipe()
    child = os.fork()
    if child == 0:
        _be_a_child(arguments, log, begin)
    os.close(begin)
    os.read(ready, 1)
    os.close(ready)
    started = time.monotonic()
    status = _wait(child, after) if number is not None else _wait(child, 10 * PATIENCE)
    sent = time.monotonic()
    if status is None and number is not None:
        os.kill(child, number)
        status = _wait(child, PATIENCE)
    if status is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise AssertionError(f"hangs {PATIENCE:.0f} s after the signal: {' '.join(arguments)}")
    now = time.monotonic()
    return Ended(status, log.read_text(encoding="utf-8", errors="replace"), now - started, now - sent)


def _be_a_child(arguments: Sequence[str], log: Path, begin: int) -> None:
    status = 99
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(output, stream)
        sys.argv = ["drive-sim", *arguments]
        os.write(begin, b"x")
        drive_sim_main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 - whatever it is, it is the child's and is printed
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _wait(child: int, seconds: float) -> int | None:
    """The status of a child that ends within so many seconds, else None."""
    end = time.monotonic() + seconds
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end:
            return None
        time.sleep(0.002)


@dataclass
class Kind:
    """One kind of run; subclasses say what is run and what must be left."""

    folder: Path
    said: list[str] = field(default_factory=list)
    """Lines of the runs that tell of what an earlier one left."""

    def prepare(self) -> None:
        """Make what the runs need."""

    def arguments(self, number: int) -> list[str]:
        """Of run ``number``."""
        raise NotImplementedError

    def inspect(self, signalled: int) -> None:
        """AssertionError for anything lost."""
        raise NotImplementedError

    def finish(self) -> None:
        """The last run ends in its own time; AssertionError for anything lost."""

    def complete(self, number: int) -> Ended:
        """A run that nothing disturbs; AssertionError unless it ends well."""
        ended = run_child(self.arguments(number), self.folder / "log.txt")
        assert ended.status == 0, f"status {ended.status}: {ended.output[-2000:]}"
        return ended


class Record(Kind):
    """``drive --headless --record``: every step that was recorded is there at the next start."""

    def prepare(self) -> None:
        """Children count the steps that are recorded when `JournalWriter.append` returns."""
        self.dataset, self.counter = self.folder / "dataset", self.folder / "steps"
        self.counter.touch()
        self.before = 0
        append = JournalWriter.append
        counter = os.open(self.counter, os.O_WRONLY | os.O_APPEND)

        def counted(journal: JournalWriter, *given: Any) -> None:
            append(journal, *given)
            os.write(counter, b".")

        JournalWriter.append = counted  # type: ignore[method-assign, assignment]  # children of this process record through it

    def arguments(self, number: int) -> list[str]:
        """Three seconds of driving on a road of its own."""
        given = f"drive --headless --driver expert --scenario lane-keeping/rural --minutes 0.05 --seed {number}"
        return [*given.split(), "--record", str(self.dataset)]

    def inspect(self, signalled: int) -> None:
        """What is in the dataset and in journals is all that was recorded, or one step more (killed in between)."""
        steps = self.counter.stat().st_size
        found = 0
        if (self.dataset / "meta/info.json").exists():
            dataset = Dataset.open(self.dataset)
            keys = {episode.key for episode in dataset.episodes}
            found = dataset.total_frames
            journals = [read_journal(folder) for folder in journal_folders(self.dataset)]
            # A journal whose removal was interrupted is an episode already.
            found += sum(len(one.steps) for one in journals if one is not None and one.header["key"] not in keys)
        assert 0 <= found - steps - self.before <= 1, f"{steps} steps were recorded, {found - self.before} are there"
        self.before = found - steps

    def finish(self) -> None:
        """All becomes episodes, and the dataset is whole."""
        self.complete(9999)
        recover(self.dataset)
        self.inspect(0)
        assert not journal_folders(self.dataset)
        assert curation.check(self.dataset) == []


class Add(Kind):
    """``data drop`` and ``data restore``: the dataset is the old or the new one."""

    def prepare(self) -> None:
        """Record four short episodes."""
        self.dataset = self.folder / "dataset"
        for number in range(4):
            given = f"drive --headless --driver expert --scenario lane-keeping/rural --minutes 0.02 --seed {number}"
            run_child([*given.split(), "--record", str(self.dataset)], self.folder / "log.txt")
        self.keys = {episode.key for episode in curation.list_episodes(self.dataset)}

    def arguments(self, number: int) -> list[str]:
        """Drop the first, or restore what is dropped."""
        settle(self.dataset)
        dropped = [one.number for one in curation.list_episodes(self.dataset) if one.index is None]
        if dropped:
            return ["data", "restore", str(self.dataset), *map(str, dropped)]
        return ["data", "drop", str(self.dataset), "0", "2"]

    def inspect(self, signalled: int) -> None:
        """No episode is lost, none there twice, and all is whole."""
        found = [episode.key for episode in curation.list_episodes(self.dataset)]
        assert sorted(found) == sorted(self.keys), f"{found} instead of {self.keys}"
        wrong = [one for one in curation.check(self.dataset) if "temporary file" not in one.problem]
        assert wrong == [], wrong

    def finish(self) -> None:
        """Once more, undisturbed."""
        self.complete(0)
        self.inspect(0)


class Train(Kind):
    """``train --resume``: it goes on from its last checkpoint, and ends with the weights of an undisturbed run."""

    def prepare(self) -> None:
        """Record three episodes, and let training runs be short."""
        self.dataset = self.folder / "dataset"
        for number in range(3):
            given = f"drive --headless --driver expert --scenario lane-keeping/rural --minutes 0.12 --seed {number}"
            run_child([*given.split(), "--record", str(self.dataset)], self.folder / "log.txt")
        recordings.WEATHERS_EACH = 1
        self.recipe = self.folder / "recipe.toml"
        self.recipe.write_text(RECIPE, encoding="utf-8")
        self.model, self.number = self.folder / "undisturbed", 0
        self.complete(0)
        self.weights = (self.model / "weights.safetensors").read_bytes()
        self.model, self.chunk = self.folder / "model-0", 0

    def arguments(self, number: int) -> list[str]:
        """Train, or go on."""
        resume = (self.model / "training/checkpoint.safetensors").exists()
        how = ["--resume"] if resume else ["--recipe", str(self.recipe)]
        return ["train", str(self.dataset), "--output", str(self.model), *how]

    def inspect(self, signalled: int) -> None:
        """A model is whole or not there; a finished one is that of an undisturbed run, and the next begins anew."""
        if not (self.model / "config.json").exists():
            return  # it is written last
        assert (self.model / "weights.safetensors").read_bytes() == self.weights, "other weights"
        self.number += 1
        self.model = self.folder / f"model-{self.number}"

    def finish(self) -> None:
        """The last one goes on to its end."""
        self.complete(0)
        assert (self.model / "weights.safetensors").read_bytes() == self.weights, "other weights"


class Evaluate(Kind):
    """``evaluate``: results are whole or not there, and the next evaluation gives the same as an undisturbed one."""

    def prepare(self) -> None:
        """Evaluate once."""
        self.output = self.folder / "undisturbed"
        self.complete(0)
        self.right = self._figures()
        self.output = self.folder / "results"

    def arguments(self, number: int) -> list[str]:
        """Four drives of two seconds, one after the other."""
        given = "evaluate straight --suite lane-keeping --episodes 4 --seconds 2 --batch 1 --videos 0 --no-baselines"
        return [*given.split(), "--output", str(self.output)]

    def inspect(self, signalled: int) -> None:
        """Results can be read, and complete ones are right."""
        if not (self.output / FILE_NAME).exists():
            assert not (self.output / "report.html").exists(), "a report without results"
            return
        results = load_results(self.output)
        assert not results.complete or self._figures() == self.right, "other results"

    def finish(self) -> None:
        """Once more, undisturbed."""
        self.complete(0)
        assert self._figures() == self.right, "other results"
        left = [path.name for path in listed(self.output) if path.name.endswith(".part")]
        assert not left, left

    def _figures(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.output / FILE_NAME).read_text(encoding="utf-8"))
        return {name: value for name, value in found.items() if name != "timing"}


KINDS: dict[str, type[Kind]] = {"record": Record, "add": Add, "train": Train, "evaluate": Evaluate}


def kill_runs(name: str, kills: int, seed: int, folder: Path) -> str:
    """Kill ``kills`` runs of a kind; what came of it, in a line."""
    folder.mkdir(parents=True)
    kind, moments = KINDS[name](folder), random.Random(f"{name} {seed}")
    kind.prepare()
    lasts = kind.complete(10_000).seconds
    ended_before, slowest = 0, 0.0
    for number in range(kills):
        signalled = SIGNALS[number % len(SIGNALS)]
        after = moments.uniform(0.0, lasts)
        ended = run_child(kind.arguments(number), folder / "log.txt", signalled, after)
        where = f"{name} {number}, {signal.Signals(signalled).name} after {after:.3f} s"
        if ended.status == 0:
            ended_before += 1
            lasts = 0.9 * lasts + 0.1 * ended.seconds
        else:
            assert ended.status in STATUSES[signalled], f"{where}: status {ended.status}: {ended.output}"
            slowest = max(slowest, ended.late)
        assert "Traceback" not in ended.output, f"{where}: {ended.output}"
        told = [line for line in ended.output.splitlines() if line.startswith("drive-sim: ")]
        assert len(told) <= 2, f"{where}: {ended.output}"
        try:
            kind.inspect(signalled)
        except (AssertionError, InputError) as error:
            raise AssertionError(f"{where}: {error}\n{ended.output}") from error
        if number % 10 == 9:
            print(f"{name}: {number + 1} of {kills}", flush=True)
    kind.finish()
    return f"{name}: {kills} killed, {ended_before} of them after their end; the longest end took {slowest:.1f} s"


def main() -> int:
    """Exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="Keep what the runs leave in this new folder.")
    given = parser.parse_args()
    for name in given.kinds:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            folder = (given.output or Path(scratch)) / name
            # Each kind in a child: it changes modules, and threads that one has started do not survive a fork.
            child = os.fork()
            if child == 0:
                try:
                    print(kill_runs(name, given.kills, given.seed, folder), flush=True)
                    os._exit(0)
                except AssertionError as error:
                    print(f"{name}: {error}", file=sys.stderr, flush=True)
                finally:
                    os._exit(1)
            if os.waitpid(child, 0)[1]:
                return 1
            print(f"{time.monotonic() - started:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
