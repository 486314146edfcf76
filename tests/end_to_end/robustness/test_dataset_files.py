"""Datasets and journals of which one file is wrong in any way: what can be read, or one clear line, and soon."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drive_sim.base.errors import InputError
from drive_sim.drivers.registry import make_driver
from drive_sim.learning.views.episodes import source_episodes
from drive_sim.learning.views.source import ViewSource
from drive_sim.recording.curation import check, drop, list_episodes, restore
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.journal import journal_folders
from drive_sim.recording.lerobot.info import data_file
from drive_sim.recording.provenance import road_path
from drive_sim.recording.recorder import Recorder
from drive_sim.recording.writer import recover
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.top_down.scene import scene_of
from drive_sim.world.scenarios.episode import WeatherSpec
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator
from tests.base.mutations import Mutate, count, mutate_bytes, mutate_json, mutate_table, try_mutations

CAMERA = CameraConfig(width=32, height=16)
STEPS = 110


@pytest.fixture(autouse=True)
def _no_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing to the disk only matters when the power goes, and takes most of the time."""
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, lambda descriptor: None, raising=False)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two episodes of the expert, one of them dropped, and the journal of a third that was interrupted."""
    path = tmp_path_factory.mktemp("recorded") / "dataset"
    names = ("obstacle-avoidance/parked-car", "lane-keeping/rural")
    rig = CameraRig([CAMERA])
    sensors = SensorSuite(("camera",), rig)
    for name in names:
        recorder = Recorder(path, "expert", camera_configs=(CAMERA,))
        run(Simulator([load_scenario(name).draw(0)]), make_driver("expert"), [recorder], sensors, max_steps=STEPS)
    drop(path, [1])

    class Interrupted(Recorder):
        def on_finish(self, simulator: Simulator) -> None:
            self.stop()
            for journal in self._closed:
                journal.release()

    recorder = Interrupted(path, "expert", camera_configs=(CAMERA,))
    run(Simulator([load_scenario(names[0]).draw(1)]), make_driver("expert"), [recorder], sensors, max_steps=8)
    return path


@pytest.fixture
def dataset(recorded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(recorded, tmp_path / "dataset")


def replay(root: Path) -> None:
    """Show every image of every episode, and its world at the end."""
    dataset = Dataset.open(root)
    for episode in dataset:
        for image in dataset.frames(episode.record.index):
            assert image.shape == (CAMERA.height, CAMERA.width, 3)
        simulator = Simulator([episode.world], slots=int(episode.provenance["actor_slots"]))
        for live, then in zip(simulator.state, episode.state(), strict=True):
            live[0] = then[-1]
        scene_of(simulator)


def learn(root: Path) -> None:
    """Draw views as training does."""
    ViewSource(source_episodes(Dataset.open(root)), CameraRig([CAMERA]), [WeatherSpec()]).draw(1, "test")


def mutate_log(data: bytes, seed: int) -> bytes:
    """A journal's log with its bytes or one of its lines mutated."""
    if seed % 2 == 0:
        return mutate_bytes(data, seed)
    lines = data.split(b"\n")
    number = seed // 2 % (len(lines) - 1)
    lines[number] = mutate_json(lines[number], seed)
    return b"\n".join(lines)


def drop_first(root: Path) -> None:
    drop(root, [0])


Use = Callable[[Path], Any]
USES: tuple[Use, ...] = (list_episodes, check, replay, learn, recover, drop_first, restore)


@dataclass(frozen=True)
class Mutated:
    """A file of a dataset."""

    place: Callable[[Path], Path]
    mutate: Mutate
    uses: tuple[Use, ...]
    """What reads the file; no other use is tried, which would be most of the time."""


FILES = {
    "info": Mutated(lambda root: root / "meta/info.json", mutate_json, USES),
    "statistics": Mutated(lambda root: root / "meta/stats.json", mutate_json, (check,)),
    "tasks": Mutated(lambda root: root / "meta/tasks.parquet", mutate_table, USES),
    "episodes": Mutated(lambda root: root / "meta/episodes/chunk-000/file-000.parquet", mutate_table, USES),
    "data": Mutated(lambda root: data_file(root, 0), mutate_table, (check, replay, learn, restore)),
    "road": Mutated(
        lambda root: road_path(root, Dataset.open(root).episodes[0].provenance["road"]["digest"]),
        mutate_bytes,
        (check, replay, learn),
    ),
    "dropped-row": Mutated(
        lambda root: next(root.glob("dropped/*/row.parquet")),
        mutate_table,
        (list_episodes, check, recover, drop_first, restore),
    ),
    "dropped-data": Mutated(lambda root: next(root.glob("dropped/*/data.parquet")), mutate_table, (restore,)),
    "journal-log": Mutated(
        lambda root: journal_folders(root)[0] / "log.jsonl",
        mutate_log,
        (list_episodes, replay, learn, recover),
    ),
    "journal-frames": Mutated(lambda root: journal_folders(root)[0] / "frames.bin", mutate_bytes, (recover,)),
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.slow
def test_a_dataset_with_a_mutated_file_is_used_or_refused_in_one_line(dataset: Path, file: str) -> None:
    mutated = FILES[file]
    for use in USES[:4]:
        use(dataset)
    drawn = random.Random(0)
    place = mutated.place(dataset)
    try_mutations(place, lambda root: drawn.choice(mutated.uses)(root), count(12), mutated.mutate, root=dataset)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.thorough
def test_what_does_not_read_a_file_goes_on_without_it(dataset: Path, file: str) -> None:
    mutated = FILES[file]
    mutated.place(dataset).write_bytes(b"")
    for use in USES:
        if use not in mutated.uses:
            use(dataset)


@pytest.mark.slow
def test_a_journal_that_is_refused_is_kept(dataset: Path) -> None:
    [journal] = journal_folders(dataset)
    log = journal / "log.jsonl"
    right = log.read_bytes()
    log.write_bytes(right[1:])
    with pytest.raises(InputError, match=r"log\.jsonl: line 1: is not the header of a journal; .*move"):
        recover(dataset)
    assert log.read_bytes() == right[1:]
    log.write_bytes(right)
    assert recover(dataset) == [1]
