"""Crashes: killed while recording, killed while converting. Nothing whole is lost, nothing is there twice."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lerobot_reader import LeRobotReader
from recorded_drives import CAMERAS, Crash, command, drive, images, make_simulator, record

from drive_sim.base.errors import InputError
from drive_sim.base.locks import Lock
from drive_sim.cli import main as cli
from drive_sim.recording.curation import check, list_episodes
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.interrupted import warn_of_interrupted
from drive_sim.recording.journal import journal_folders
from drive_sim.recording.lerobot.metadata import read_metadata
from drive_sim.recording.recorder import Recorder
from drive_sim.recording.storage import LOCK, settle
from drive_sim.recording.writer import open_for_writing, recover

KILLS = 20


def interrupted(path: Path, steps: int, seed: int) -> Recorder:
    """A recording that ends without its end, as a crash leaves it: the journal's files are open, then simply gone."""
    recorder = Recorder(path, driver="test")
    drive(recorder, make_simulator(first=seed), steps, seed)
    for journal in recorder._journals.values():
        journal.release()
    return recorder


def test_the_next_recording_makes_an_episode_of_what_a_crash_left(tmp_path: Path) -> None:
    path = tmp_path / "dataset"
    interrupted(path, 9, seed=4)
    assert len(Dataset.open(path)) == 0
    record(path, 5, seed=5)
    dataset = Dataset.open(path)
    assert [episode.length for episode in dataset.episodes] == [9, 5]
    assert [episode.provenance["complete"] for episode in dataset.episodes] == [False, True]
    np.testing.assert_array_equal(dataset.frames(0)[8], images(4, 8)["front"][0])
    assert journal_folders(path) == []
    assert check(path) == []


def test_recovering_twice_adds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "dataset"
    interrupted(path, 3, seed=1)
    interrupted_copy = tmp_path / "copy"
    [journal] = journal_folders(path)
    shutil.copytree(journal, interrupted_copy)
    assert recover(path) == [0]
    assert recover(path) == []
    # A journal whose removal did not reach the disk comes back with the next start.
    shutil.copytree(interrupted_copy, journal)
    assert recover(path) == []
    assert len(Dataset.open(path)) == 1 and journal_folders(path) == []


def test_a_journal_without_a_whole_step_leaves_no_episode(tmp_path: Path) -> None:
    path = tmp_path / "dataset"
    interrupted(path, 0, seed=1)
    [journal] = journal_folders(path)
    assert recover(path) == [] and not journal.exists()
    journal.mkdir()
    assert recover(path) == [] and not journal.exists()


def test_a_journal_of_a_living_recorder_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "dataset"
    first, second = Recorder(path), Recorder(path)
    drive(second, make_simulator(first=1), 4, seed=1)
    drive(first, make_simulator(first=2), 3, seed=2)
    assert recover(path) == []
    assert len(journal_folders(path)) == 2
    assert first.finish() == [0] and second.finish() == [1]
    assert [episode.length for episode in Dataset.open(path).episodes] == [3, 4]


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was warned of since the last call."""
    lines = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return lines


@pytest.mark.slow
def test_readers_name_an_interrupted_episode_until_it_is_recovered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dataset"
    record(path, 5, seed=1)
    interrupted(path, 30, seed=4)
    [journal] = journal_folders(path)
    held = {file: file.read_bytes() for file in journal.iterdir()}
    assert len(Dataset.open(path)) == 1 and len(list_episodes(path)) == 1
    [line] = told(caplog)
    assert line == f"{path}: 1 interrupted episode (2 s) left out; drive-sim data recover {path} adds it"
    assert {file: file.read_bytes() for file in journal.iterdir()} == held, "reading changes nothing"
    [finding] = check(path)
    assert finding.file == journal and f"drive-sim data recover {path}" in str(finding)
    assert cli.run(["data", "recover", str(path)]) == 0
    assert capsys.readouterr().out.startswith("episode 1: lane-keeping/rural train 4, test, fog, human (test), 1.5 s")
    assert cli.run(["data", "recover", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: nothing was interrupted\n"
    assert len(Dataset.open(path)) == 2 and told(caplog) == []


def test_a_recording_that_goes_on_is_neither_named_nor_touched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dataset"
    recorder = Recorder(path)
    drive(recorder, make_simulator(first=1), 4, seed=1)
    assert len(Dataset.open(path)) == 0 and list_episodes(path) == [] and check(path) == []
    assert cli.run(["data", "recover", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: nothing was interrupted\n"
    assert told(caplog) == [] and len(journal_folders(path)) == 1
    assert recorder.finish() == [0]


def test_while_another_process_recovers_an_episode_it_is_not_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    interrupted(tmp_path / "dataset", 30, seed=4)
    lock = Lock(tmp_path / "dataset" / LOCK)
    lock.acquire()
    metadata = read_metadata(tmp_path / "dataset")
    warn_of_interrupted(metadata)
    assert told(caplog) == []
    lock.release()
    warn_of_interrupted(metadata)
    assert len(told(caplog)) == 1


def test_a_journal_without_a_step_is_no_interrupted_episode(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    interrupted(tmp_path / "dataset", 0, seed=4)
    assert len(journal_folders(tmp_path / "dataset")) == 1
    assert len(Dataset.open(tmp_path / "dataset")) == 0
    assert told(caplog) == []


def test_a_dataset_that_may_only_be_read_names_its_interrupted_episode_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dataset"
    interrupted(path, 30, seed=4)
    real = os.open

    def read_only(file: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(file, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", read_only)
    assert len(Dataset.open(path)) == 0
    assert len(told(caplog)) == 1


def test_a_journal_of_schema_1_is_read(tmp_path: Path) -> None:
    """It called images pictures, and held the code of the controller instead of its name."""
    path = tmp_path / "dataset"
    interrupted(path, 3, seed=4)
    [journal] = journal_folders(path)
    log = journal / "log.jsonl"
    text = log.read_text().replace('"journal":2', '"journal":1').replace('"images":{', '"pictures":{')
    log.write_text(text.replace('"controller":"human"', '"controller":2'))
    assert recover(path) == [0]
    dataset = Dataset.open(path)
    assert (dataset.episode(0).columns["controller"] == 2).all() and len(dataset.frames(0)) == 3
    assert check(path) == []


@pytest.mark.parametrize("already", [0, 2])
@pytest.mark.slow
def test_a_conversion_may_be_interrupted_at_every_renaming(
    tmp_path: Path, crash_at: Callable[[int], None], already: int
) -> None:
    """At each of them: LeRobot reads the episodes that were there, and the next start adds the new one, once."""
    base = tmp_path / "base"
    for seed in range(already):
        record(base, 3 + seed, seed)
    before = sum(3 + seed for seed in range(already))
    interrupted(base, 6, seed=9)
    for k in range(20):
        path = shutil.copytree(base, tmp_path / f"crash-{k}")
        crash_at(k)
        try:
            recover(path)
        except Crash:
            crashed = True
        else:
            crashed = False
        crash_at(-1)
        assert len(Dataset.open(path)) == already + (not crashed)
        if already:
            assert LeRobotReader(path).read_everything() == before + (0 if crashed else 6)
        recover(path)
        assert [e.length for e in Dataset.open(path).episodes] == [*(3 + seed for seed in range(already)), 6]
        assert LeRobotReader(path).read_everything() == before + 6
        assert check(path) == []
        if not crashed:
            break
    assert k == 5, "data, meta/episodes, tasks, stats, info"


@pytest.mark.slow
def test_killed_20_times_at_random_moments(tmp_path: Path) -> None:
    """Every step that `Recorder.add` had returned from is there afterwards, and no episode twice.

    A kill takes the process, not the system, so not even the last second may be lost: what is left to lose is the
    step that was being written. (The last second is what a power cut may take: see test_journal.) The next recording
    puts everything in order by itself; it gets killed in turn.
    """
    path, progress = tmp_path / "dataset", tmp_path / "progress"
    moments = random.Random(20)
    program = [sys.executable, str(Path(__file__).with_name("recorded_drives.py")), str(path), str(progress)]
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root}
    ) as forks:
        assert forks.stdin is not None and forks.stdout is not None
        for run in range(KILLS):
            size = progress.stat().st_size if progress.exists() else 0
            print(run, file=forks.stdin, flush=True)
            child = int(forks.stdout.readline())
            while not progress.exists() or progress.stat().st_size == size:
                time.sleep(0.001)
            time.sleep(moments.uniform(0.0, 0.2))
            os.kill(child, signal.SIGKILL)
            assert forks.stdout.readline() == "ended\n"
        forks.stdin.close()
    acknowledged: dict[int, int] = {}
    finished = set()
    for line in progress.read_text().splitlines():
        seed, what = line.split()
        if what == "finished":
            finished.add(int(seed))
        else:
            acknowledged[int(seed)] = int(what)
    open_for_writing(path, 20, CAMERAS)
    dataset = Dataset.open(path)
    recorded = {episode.provenance["test_seed"]: episode.index for episode in dataset.episodes}
    assert len(recorded) == len(dataset), "an episode is there twice"
    assert recorded.keys() >= acknowledged.keys(), "an episode is lost"
    for seed, steps in acknowledged.items():
        episode = dataset.episode(recorded[seed])
        assert len(episode) - steps in ((0,) if seed in finished else (0, 1)), f"{steps} steps were acknowledged"
        expected = np.concatenate([command(seed, step) for step in range(len(episode))])
        np.testing.assert_array_equal(episode.columns["action"], expected)
        np.testing.assert_array_equal(
            dataset.frames(recorded[seed])[len(episode) - 1], images(seed, len(episode) - 1)["front"][0]
        )
    assert len({seed // 1000 for seed in acknowledged}) == KILLS
    assert check(path) == []
    assert LeRobotReader(path).read_everything() == dataset.total_frames


@pytest.mark.parametrize(
    "step",
    [
        {"remove": "../precious"},
        {"remove": "ABSOLUTE"},
        {"remove": "link/precious"},
        {"remove": "."},
        {"remove": ""},
        {"remove": "data/.."},
        {"remove": "a\0b"},
        {"put": "../../precious/kept", "at": "meta/info.json"},
        {"put": "0", "at": "../precious/kept"},
        {"put": "0", "at": "link/precious/kept"},
        {"put": 0, "at": "meta/info.json"},
        {"put": "0"},
        {"at": "meta/info.json"},
        {"put": "0", "at": "meta/info.json", "remove": "meta"},
        {},
        [],
        None,
    ],
)
def test_a_plan_that_leads_outside_the_dataset_is_refused(tmp_path: Path, step: Any) -> None:
    precious, mine = tmp_path / "precious", tmp_path / "mine"
    for folder in (precious, mine / "data", mine / ".staging"):
        folder.mkdir(parents=True)
    (precious / "kept").write_text("kept")
    (mine / "link").symlink_to(tmp_path)
    if step == {"remove": "ABSOLUTE"}:
        step = {"remove": str(precious)}
    (mine / ".staging" / "0").write_text("new")
    (mine / ".staging" / "plan.json").write_text(json.dumps([{"remove": "data"}, step]))
    with pytest.raises(InputError, match=r"plan\.json.*delete"):
        settle(mine)
    assert (precious / "kept").read_text() == "kept"
    assert (mine / "data").is_dir() and (mine / ".staging" / "0").exists()


@pytest.mark.parametrize("text", ["", "[", "null", "3", '"data"', "{}x", "\udcff"])
def test_a_plan_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / ".staging").mkdir()
    (tmp_path / ".staging" / "plan.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"plan\.json.*is no plan.*delete"):
        settle(tmp_path)
