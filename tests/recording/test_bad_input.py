"""Whatever happens to a dataset ends in one line that names file, field and hint."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from recorded_drives import drive, make_simulator, record

from drive_sim.base.errors import InputError
from drive_sim.recording import journal as journal_module
from drive_sim.recording.curation import check, drop, list_episodes, restore
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.journal import JournalWriter, journal_folders
from drive_sim.recording.lerobot.info import data_file
from drive_sim.recording.recorder import Recorder


def info_with(**values: Any) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / "meta/info.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return change


def without_numbers(root: Path) -> None:
    path = root / "meta/episodes/chunk-000/file-000.parquet"
    pq.write_table(pq.ParquetFile(path).read().drop_columns(["drive_sim/number"]), path)


def with_a_name_that_is_not_text(root: Path) -> None:
    path = root / "meta/episodes/chunk-000/file-000.parquet"
    path.write_bytes(path.read_bytes().replace(b"length", b"l\xa3ngth"))


UNREADABLE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (shutil.rmtree, "dataset: there is no such dataset; check the path"),
    "a file": (lambda root: (shutil.rmtree(root), root.write_text("x")), "is not a dataset"),
    "another folder": (lambda root: shutil.rmtree(root / "meta"), "is not a dataset"),
    "info is not JSON": (lambda root: (root / "meta/info.json").write_text("{"), "info.json: is not JSON"),
    "info is a list": (lambda root: (root / "meta/info.json").write_text("[]"), "info.json: is not a JSON object"),
    "LeRobot v2": (info_with(codebase_version="v2.1"), "info.json: codebase_version: is v2.1"),
    "LeRobot's own": (info_with(drive_sim=None), "info.json: drive_sim: is missing: this LeRobot dataset"),
    "newer schema": (info_with(drive_sim={"schema": 99}), "info.json: drive_sim.schema: is 99.*upgrade"),
    "no rate": (info_with(fps="fast"), "info.json: fps: input should be a valid integer"),
    "info ahead": (info_with(total_episodes=5), "total_episodes: is 5, but meta/episodes holds 3; set it to 3"),
    "rows torn": (
        lambda root: (root / "meta/episodes/chunk-000/file-000.parquet").write_bytes(b"PAR1 no PAR1"),
        "file-000.parquet: is not a whole Parquet file",
    ),
    "a column's name is not UTF-8": (with_a_name_that_is_not_text, "file-000.parquet: is not a whole Parquet file"),
    "rows gone": (lambda root: shutil.rmtree(root / "meta/episodes"), "file-000.parquet: is missing"),
    "rows incomplete": (without_numbers, "file-000.parquet: drive_sim/number: is missing"),
    "tasks torn": (lambda root: (root / "meta/tasks.parquet").write_bytes(b""), "tasks.parquet: is not a whole"),
}


@pytest.mark.parametrize("case", UNREADABLE)
@pytest.mark.parametrize("use", [Dataset.open, list_episodes, lambda root: drop(root, [0]), restore])
@pytest.mark.slow
def test_what_cannot_be_read_is_refused(dataset_path: Path, case: str, use: Callable[[Path], Any]) -> None:
    harm, message = UNREADABLE[case]
    harm(dataset_path)
    with pytest.raises(InputError, match=message) as caught:
        use(dataset_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("episode", [-1, 3, "nobody"])
def test_an_episode_that_is_not_there(dataset_path: Path, episode: Any) -> None:
    with pytest.raises(InputError, match=r"dataset: episode: there is no episode .*; choose one of.* 0 to 2"):
        drop(dataset_path, [episode])
    with pytest.raises(InputError, match=r"no dropped episode was recorded as .*: none"):
        restore(dataset_path, [episode])
    if isinstance(episode, int):
        with pytest.raises(InputError, match=f"there is no episode {episode}"):
            Dataset.open(dataset_path).episode(episode)
        with pytest.raises(InputError, match=f"there is no episode {episode}"):
            Dataset.open(dataset_path).frames(episode)


def test_a_camera_that_is_not_there(dataset_path: Path) -> None:
    with pytest.raises(InputError, match="camera: there is no camera 'rear'; use one of front, left"):
        Dataset.open(dataset_path).frames(0, "rear")


def test_a_torn_data_file(dataset_path: Path) -> None:
    torn = data_file(dataset_path, 0)
    torn.write_bytes(torn.read_bytes()[:200])
    dataset = Dataset.open(dataset_path)
    with pytest.raises(InputError, match=r"file-000.parquet: is not a whole Parquet file.*; drop its episode"):
        dataset.episode(0)
    with pytest.raises(InputError, match=r"file-000.parquet: is not a whole"):
        dataset.frames(0)[0]
    assert len(dataset.episode(1)) == 7, "the others are still there"


def test_a_road_that_was_not_copied_along(dataset_path: Path) -> None:
    shutil.rmtree(dataset_path / "roads")
    with pytest.raises(InputError, match=r"roads/\w{16}.npz: is missing; copy the whole dataset folder"):
        _ = Dataset.open(dataset_path).episode(0).world


def test_cameras_that_differ_from_the_datasets(dataset_path: Path) -> None:
    with pytest.raises(InputError, match="cameras: are front 6x10, left 4x8, the recording's are front 6x12; use the"):
        record(dataset_path, 2, seed=1, cameras={"front": (6, 12)})
    with pytest.raises(InputError, match="the recording's are none"):
        record(dataset_path, 2, seed=1, cameras={})
    assert len(Dataset.open(dataset_path)) == 3


def test_a_rate_that_differs_from_the_datasets(dataset_path: Path) -> None:
    with pytest.raises(InputError, match=r"info.json: fps: is 20, the recording's is 10; record into another folder"):
        drive(Recorder(dataset_path), make_simulator(period=0.1), 2, seed=1)


def test_an_encoding_that_does_not_exist(dataset_path: Path) -> None:
    with pytest.raises(InputError, match="encoding: there is no 'gif'; use one of png, jpeg"):
        record(dataset_path, 2, seed=1, encoding="gif")


def test_a_folder_with_other_things_in_it_is_not_recorded_into(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="is a folder with other things in it; name a new folder"):
        record(tmp_path, 2, seed=1)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="not a folder"):
        record(tmp_path / "letter.txt" / "dataset", 2, seed=1)
    with pytest.raises(InputError, match="not a folder"):
        record(tmp_path / "letter.txt", 2, seed=1)


def test_more_actors_than_a_dataset_holds(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lane-keeping/rural: actors: has 40 other road users, a dataset holds 32"):
        drive(Recorder(tmp_path / "dataset"), make_simulator(actors=40), 2, seed=1)


def test_a_camera_that_is_not_observed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cameras: rear: is not observed; ask the sensors for it; there are: front"):
        drive(Recorder(tmp_path / "dataset", cameras=["rear"]), make_simulator(), 2, seed=1)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "the disk is full; free some space and start again; what was recorded before is kept"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EIO, "the disk reports an input/output error"),
    ],
)
@pytest.mark.parametrize("background", [0, 3])
@pytest.mark.slow
def test_a_disk_that_fills_up_while_driving_costs_only_what_comes_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str, background: int
) -> None:
    path = tmp_path / "dataset"
    real = os.write

    def refuse(step: int) -> None:
        if step == 3:
            recorder._queue.settle()

            def write(descriptor: int, data: Any) -> int:
                # Half a line still fits.
                real(descriptor, bytes(data)[: len(data) // 2])
                raise OSError(number, "no")

            monkeypatch.setattr(journal_module.os, "write", write)

    recorder = Recorder(path, background=background)
    with pytest.raises(InputError, match=f"journal-.*: {message}"):
        drive(recorder, make_simulator(), 9, seed=1, after_step=refuse)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="closed"):
        recorder._journals[0].append({}, {})
    assert recorder.finish() == [0]
    [episode] = Dataset.open(path).episodes
    assert episode.length == 4 and not episode.provenance["complete"]
    assert check(path) == []


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EMFILE])
def test_a_disk_that_refuses_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*arguments: Any) -> int:
        raise OSError(number, "no")

    (tmp_path / "dataset").mkdir()
    monkeypatch.setattr("drive_sim.base.locks.os.open", refuse)
    with pytest.raises(InputError, match=r"dataset: .*; (choose a folder|record fewer worlds)"):
        record(tmp_path / "dataset", 2, seed=1)


def test_a_dropped_episode_whose_data_went_missing(dataset_path: Path) -> None:
    [key] = drop(dataset_path, [1])
    (dataset_path / "dropped" / key / "data.parquet").unlink()
    with pytest.raises(InputError, match=r"data.parquet: is missing; copy the dataset again"):
        restore(dataset_path)
    assert len(Dataset.open(dataset_path)) == 2


def test_a_world_that_cannot_be_recorded_leaves_no_half_started_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = JournalWriter.__init__, []

    def fail_at_third(self: JournalWriter, *arguments: Any, **options: Any) -> None:
        calls.append(self)
        if len(calls) == 3:
            raise InputError("journal", "", "too many files are open", "record fewer worlds at once")
        real(self, *arguments, **options)

    monkeypatch.setattr(JournalWriter, "__init__", fail_at_third)
    recorder = Recorder(tmp_path / "dataset")
    with pytest.raises(InputError, match="record fewer worlds at once"):
        drive(recorder, make_simulator(worlds=4), 2, seed=1)
    assert not recorder.recording and journal_folders(tmp_path / "dataset") == []
