"""Listing, checking, dropping, restoring: nothing is lost on the way, and nothing wrong is overlooked."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lerobot_reader import LeRobotReader
from recorded_drives import Crash, command, drive, images, make_simulator, record

from drive_sim.base.errors import InputError
from drive_sim.recording.curation import check, drop, list_episodes, restore
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.lerobot.info import data_file
from drive_sim.recording.lerobot.tables import open_writer, read_data
from drive_sim.recording.recorder import Recorder
from drive_sim.recording.storage import writing


def contents(root: Path) -> dict[str, str]:
    """Every file of a dataset with its hash."""
    paths = [path for path in sorted(root.rglob("*")) if path.is_file() and path.name != ".lock"]
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def seeds(path: Path) -> list[int]:
    """What was recorded in each episode that is there, told by its actions and images."""
    found = []
    dataset = Dataset.open(path)
    for record_ in dataset.episodes:
        seed = record_.provenance["number"]
        columns, frames = dataset.episode(record_.index).columns, dataset.frames(record_.index)
        assert np.array_equal(columns["action"][0], command(seed, 0)[0])
        assert np.array_equal(frames[0], images(seed, 0)["front"][0])
        found.append(seed)
    return found


def leave_sidecars(root: Path) -> None:
    """What macOS and others leave when they look into every folder of a dataset."""
    for path in sorted(root.rglob("*.parquet")):
        (path.parent / f"._{path.name}").write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X")
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        (folder / ".DS_Store").touch()
        (folder / "Thumbs.db").touch()
        (folder / ".Spotlight-V100").mkdir()


@pytest.mark.slow
def test_what_operating_systems_leave_is_no_data(dataset_path: Path) -> None:
    drop(dataset_path, [1])
    (dataset_path / ".staging").mkdir(exist_ok=True)
    leave_sidecars(dataset_path)
    assert check(dataset_path) == []
    assert len(list_episodes(dataset_path)) == 3
    record(dataset_path, 4, seed=3)
    restore(dataset_path)
    drop(dataset_path, [0])
    assert seeds(dataset_path) == [1, 2, 3]
    assert check(dataset_path) == []


def test_a_folder_with_only_what_systems_leave_may_be_recorded_into(tmp_path: Path) -> None:
    leave_sidecars(tmp_path)
    record(tmp_path, 4, seed=3)
    assert check(tmp_path) == []


def test_a_list_of_episodes_beyond_those_counted_is_named_itself(dataset_path: Path) -> None:
    """And not whichever file comes last."""
    surplus = dataset_path / "meta/episodes/chunk-000/copy.parquet"
    shutil.copy(surplus.with_name("file-000.parquet"), surplus)
    [finding] = check(dataset_path)
    assert finding.file == surplus


def test_a_list_tells_what_was_driven_by_whom(dataset_path: Path) -> None:
    drop(dataset_path, [1])
    first, last, dropped = list_episodes(dataset_path)
    assert (first.index, last.index, dropped.index) == (0, 1, None)
    assert (first.number, last.number, dropped.number) == (0, 2, 1)
    assert (last.steps, last.duration, last.draw) == (20, 1.0, 2)
    assert str(first).startswith("episode 0: lane-keeping/rural train 0, test, fog, human (test), 0.6 s")
    assert str(dropped).startswith("dropped (recorded as 1): ")


def test_events_and_distance_are_in_the_list(tmp_path: Path) -> None:
    record(tmp_path / "dataset", 9, seed=1, done_after={0: 6})
    [episode] = list_episodes(tmp_path / "dataset")
    assert episode.steps == 6 and "finish" in episode.events


@pytest.mark.parametrize("out", [[0], [1], [2], [0, 2], [0, 1], [1, 2]])
@pytest.mark.slow
def test_what_is_left_after_a_drop_is_a_whole_dataset(dataset_path: Path, out: list[int]) -> None:
    drop(dataset_path, out)
    stay = [index for index in range(3) if index not in out]
    assert seeds(dataset_path) == stay
    assert LeRobotReader(dataset_path).read_everything() == sum((12, 7, 20)[index] for index in stay)
    assert check(dataset_path) == []


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.slow
def test_drop_and_restore_give_the_same_bytes_in_whatever_order(dataset_path: Path, order: tuple[int, ...]) -> None:
    before = contents(dataset_path)
    keys = [episode.key for episode in Dataset.open(dataset_path).episodes]
    for number in order:
        drop(dataset_path, [keys[number]])
    assert len(Dataset.open(dataset_path)) == 0 and check(dataset_path) == []
    for number in order:
        restore(dataset_path, [number])
    assert check(dataset_path) == []
    assert contents(dataset_path) == before


@pytest.mark.slow
def test_what_was_recorded_meanwhile_comes_after_what_is_restored(dataset_path: Path) -> None:
    drop(dataset_path, [2, 0])
    record(dataset_path, 5, seed=3)
    assert seeds(dataset_path) == [1, 3]
    restore(dataset_path)
    assert seeds(dataset_path) == [0, 1, 2, 3]
    assert [episode.number for episode in Dataset.open(dataset_path).episodes] == [0, 1, 2, 3]
    assert check(dataset_path) == []
    assert LeRobotReader(dataset_path).read_everything() == 44


@pytest.mark.slow
def test_many_files_of_rows_shrink_and_grow_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drive_sim.recording.lerobot.metadata.EPISODES_PER_FILE", 2)
    path = tmp_path / "dataset"
    for seed in range(5):
        record(path, 2, seed)
    before = contents(path)
    drop(path, [1, 3])
    assert seeds(path) == [0, 2, 4] and check(path) == []
    assert LeRobotReader(path).read_everything() == 6
    restore(path)
    assert contents(path) == before


@pytest.mark.parametrize("change", [lambda path: drop(path, [0]), restore], ids=["drop", "restore"])
@pytest.mark.slow
def test_a_crash_leaves_the_old_or_the_new_dataset_and_lerobot_can_read_it(
    dataset_path: Path, tmp_path: Path, crash_at: Callable[[int], None], change: Callable[[Path], Any]
) -> None:
    drop(dataset_path, [1])
    done = shutil.copytree(dataset_path, tmp_path / "done")
    change(done)
    outcomes = {"old": contents(dataset_path), "new": contents(done)}
    seen = []
    for k in range(20):
        path = shutil.copytree(dataset_path, tmp_path / f"crash-{k}")
        crash_at(k)
        try:
            change(path)
        except Crash:
            crashed = True
        else:
            crashed = False
        crash_at(-1)
        if json.loads((path / "meta/info.json").read_text())["total_episodes"]:
            LeRobotReader(path).read_everything()
        Dataset.open(path)
        with writing(path):
            pass
        assert check(path) == []
        seen.append(next(name for name, files in outcomes.items() if contents(path) == files))
        if not crashed:
            break
    assert seen == sorted(seen, reverse=True) and {"old", "new"} == set(seen)


@pytest.mark.slow
def test_a_torn_episode_can_be_dropped(dataset_path: Path) -> None:
    torn = data_file(dataset_path, 1)
    torn.write_bytes(torn.read_bytes()[:-100])
    [finding] = check(dataset_path)
    assert finding.episode == 1 and finding.file == torn and "drop" in finding.hint
    drop(dataset_path, [1])
    assert check(dataset_path) == [] and seeds(dataset_path) == [0, 2]


@pytest.mark.parametrize("change", [lambda root: drop(root, [0]), restore])
@pytest.mark.slow
def test_a_disk_that_fills_up_during_a_change_leaves_the_dataset_and_no_temporary_file(
    dataset_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], Any]
) -> None:
    drop(dataset_path, [1])
    before = contents(dataset_path)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(InputError, match="the disk is full"):
        patch.setattr("drive_sim.recording.curation.renumber", full)
        change(dataset_path)
    assert contents(dataset_path) == before


def edit_json(path: Path, change: Callable[[Any], None]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def edit_column(path: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Put changed values into one column of the second episode's data file."""
    file = data_file(path, 1)
    table = read_data(file)
    place = table.column_names.index(name)
    values = change(table[name].to_pylist())
    with open_writer(file, table.schema) as writer:
        writer.write_table(table.set_column(place, table.schema.field(place), pa.array(values, table[name].type)))


def image_replaced(data: bytes) -> Callable[[Any], Any]:
    return lambda rows: [*rows[:3], {"bytes": data, "path": None}, *rows[4:]]


def rename_column(path: Path) -> None:
    table = read_data(data_file(path, 1))
    names = ["speeds" if name == "events" else name for name in table.column_names]
    pq.write_table(table.rename_columns(names), data_file(path, 1))


def change_type(path: Path) -> None:
    table = read_data(data_file(path, 1))
    place = table.column_names.index("wall_time")
    pq.write_table(table.set_column(place, "wall_time", table["wall_time"].cast(pa.float32())), data_file(path, 1))


def leave_journal(path: Path) -> None:
    recorder = Recorder(path)
    drive(recorder, make_simulator(), 2, 1)
    for journal in recorder._journals.values():
        journal.release()


def tear_dropped(path: Path) -> None:
    record(path, 2, seed=9)
    [key] = drop(path, [3])
    (path / "dropped" / key / "row.parquet").write_bytes(b"PAR1")


DAMAGES: dict[str, tuple[Callable[[Path], Any], str, str]] = {
    "total_frames": (
        lambda path: edit_json(path / "meta/info.json", lambda info: info.update(total_frames=7)),
        "info.json: total_frames",
        "is 7, but there are 39; set it to 39",
    ),
    "total_tasks": (
        lambda path: edit_json(path / "meta/info.json", lambda info: info.update(total_tasks=4)),
        "info.json: total_tasks",
        "is 4, but there are 1",
    ),
    "splits": (
        lambda path: edit_json(path / "meta/info.json", lambda info: info.update(splits={"train": "0:9"})),
        "info.json: splits",
        'set it to {"train": "0:3"}',
    ),
    "info ahead of the data": (
        lambda path: edit_json(path / "meta/info.json", lambda info: info.update(total_episodes=4)),
        "info.json: total_episodes",
        "is 4, but meta/episodes holds 3; set it to 3",
    ),
    "feature gone": (
        lambda path: edit_json(path / "meta/info.json", lambda info: info["features"].pop("events")),
        "info.json: features.events",
        "is missing",
    ),
    "feature of another shape": (
        lambda path: edit_json(path / "meta/info.json", lambda info: info["features"]["action"].update(shape=[3])),
        "info.json: features.action",
        "not described as drive_sim records it",
    ),
    "torn data": (
        lambda path: data_file(path, 1).write_bytes(data_file(path, 1).read_bytes()[:500]),
        "file-001.parquet",
        "is not a whole Parquet file",
    ),
    "data missing": (lambda path: data_file(path, 1).unlink(), "file-001.parquet", "is missing"),
    "torn rows": (
        lambda path: (path / "meta/episodes/chunk-000/file-000.parquet").write_bytes(b"PAR1"),
        "meta/episodes/chunk-000/file-000.parquet",
        "is not a whole Parquet file",
    ),
    "column renamed": (rename_column, "file-001.parquet: speeds", "the column is no feature of info.json"),
    "column of another type": (change_type, "file-001.parquet: wall_time", "is float instead of double"),
    "steps missing": (
        lambda path: shutil.copy(data_file(path, 0), data_file(path, 1)),
        "file-001.parquet",
        "holds 12 steps, meta/episodes says 7",
    ),
    "not finite": (
        lambda path: edit_column(path, "truth.pose", lambda rows: [*rows[:2], [0.0, float("nan"), 0.0], *rows[3:]]),
        "file-001.parquet: truth.pose",
        "is not finite at step 2",
    ),
    "missing value": (
        lambda path: edit_column(path, "wall_time", lambda rows: [None, *rows[1:]]),
        "file-001.parquet: wall_time",
        "values are missing",
    ),
    "timestamp": (
        lambda path: edit_column(path, "timestamp", lambda rows: [*rows[:4], 9.0, *rows[5:]]),
        "file-001.parquet: timestamp",
        "is 9.0 at step 4",
    ),
    "index": (
        lambda path: edit_column(path, "index", lambda rows: [row + 1 for row in rows]),
        "file-001.parquet: index",
        "is 13 at step 0, not 12",
    ),
    "controller": (
        lambda path: edit_column(path, "controller", lambda rows: [*rows[:4], 17, *rows[5:]]),
        "file-001.parquet: controller",
        "holds a code beyond those of the 5 controllers",
    ),
    "statistics of an episode": (
        lambda path: edit_column(path, "action", lambda rows: [[0.0, 0.0] for _ in rows]),
        "file-001.parquet: action",
        "is not the one in meta/episodes",
    ),
    "image that is none": (
        lambda path: edit_column(path, "observation.images.front", image_replaced(b"not an image")),
        "file-001.parquet: observation.images.front",
        "the image of step 3 cannot be decoded",
    ),
    "image of another size": (
        lambda path: edit_column(
            path,
            "observation.images.front",
            lambda rows: [*rows[:3], read_data(data_file(path, 0))["observation.images.left"][0].as_py(), *rows[4:]],
        ),
        "file-001.parquet: observation.images.front",
        "the image of step 3 is (4, 8, 3), not (6, 10, 3)",
    ),
    "statistics": (
        lambda path: edit_json(path / "meta/stats.json", lambda stats: stats["action"].update(mean=[0.0, 9.0])),
        "stats.json: action.mean",
        "does not follow from the episodes'",
    ),
    "statistics gone": (lambda path: (path / "meta/stats.json").unlink(), "stats.json", "is missing"),
    "statistics not JSON": (lambda path: (path / "meta/stats.json").write_text("{"), "stats.json", "is not JSON"),
    "task gone": (lambda path: (path / "meta/tasks.parquet").unlink(), "tasks.parquet", "is not listed"),
    "road gone": (lambda path: shutil.rmtree(path / "roads"), "roads/", "is missing"),
    "road damaged": (
        lambda path: next((path / "roads").iterdir()).write_bytes(b"PK\x03\x04"),
        "roads/",
        "cannot be read",
    ),
    "data of no episode": (
        lambda path: shutil.copy(data_file(path, 1), data_file(path, 3)),
        "file-003.parquet",
        "belongs to no episode",
    ),
    "interrupted recording": (leave_journal, "journal-", "is a recording that was interrupted"),
    "dropped episode torn": (tear_dropped, "row.parquet", "delete its folder for good"),
    "temporary file": (
        lambda path: (path / ".staging/file-003.parquet").write_bytes(b""),
        ".staging/file-003.parquet",
        "is a temporary file",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.slow
def test_damage_is_found_and_named_with_file_field_and_hint(dataset_path: Path, damage: str) -> None:
    assert check(dataset_path) == []
    inflict, where, what = DAMAGES[damage]
    inflict(dataset_path)
    lines = [str(finding) for finding in check(dataset_path)]
    matching = [line for line in lines if where in line and what in line]
    assert matching, "\n".join(lines)
    assert all("; " in line and "\n" not in line for line in lines)


def test_images_are_looked_at_only_when_asked_for(dataset_path: Path) -> None:
    edit_column(dataset_path, "observation.images.front", image_replaced(b"not an image"))
    assert check(dataset_path, images=False) == []
    assert len(check(dataset_path)) == 1
