"""Checking a dataset: everything that LeRobot's loader would trip over, and what it would silently get wrong.

That loader fails as a whole on one torn file or surplus column; it does not compare totals, lengths and shapes with
what ``info.json`` says, nor look at an image before it is asked for. Both kinds are looked for here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.base.files import listed
from drive_sim.base.json import parse_json
from drive_sim.base.text import user_path
from drive_sim.recording.journal import decode_image, is_live, journal_folders
from drive_sim.recording.lerobot.features import camera_shapes, features_of, has_statistics, recorded_readings
from drive_sim.recording.lerobot.info import INFO, data_file, read_info
from drive_sim.recording.lerobot.metadata import (
    DROPPED,
    STATS,
    TASKS,
    Metadata,
    numbered,
    read_metadata,
    row_files,
    rows_file,
    statistics_of,
)
from drive_sim.recording.lerobot.statistics import NAMES, column_statistics
from drive_sim.recording.lerobot.tables import arrow_schema, image_bytes, read_data, to_numpy
from drive_sim.recording.provenance import load_road, provenance_of
from drive_sim.recording.storage import STAGING, settle

_DROP = "drop episode {0} (drive-sim data drop), or copy the file again"
_COPY = "copy the file again from where it is whole"


@dataclass(frozen=True)
class Finding:
    """Something wrong with a dataset: where, what, and how to put it right."""

    file: Path
    field: str
    problem: str
    hint: str
    episode: int | None = None
    """The episode concerned, where it is one."""

    def __str__(self) -> str:
        where = f"{self.file}: {self.field}" if self.field else str(self.file)
        return f"{where}: {self.problem}; {self.hint}"


def check(path: str | Path, images: bool = True) -> list[Finding]:
    """Look for everything that is wrong with a dataset; an empty list is a clean bill.

    Parameters
    ----------
    images
        Decode every image (most of the time that this takes).

    Raises
    ------
    InputError
        There is no dataset at all, or one of a newer version.
    """
    root = user_path(path)
    settle(root)
    info = read_info(root)
    findings = list(_of_info(root, info))
    try:
        metadata = read_metadata(root, statistics=True)
    except InputError as error:
        return [*findings, _finding(error)]
    findings += _of_rows(metadata)
    for index in range(metadata.rows.num_rows):
        findings += _of_data(metadata, index, images)
    findings += _of_statistics(metadata)
    findings += _of_leftovers(root, metadata)
    return findings


def _finding(error: InputError, episode: int | None = None) -> Finding:
    text = str(error).removeprefix(f"{error.source}: ").removeprefix(f"{error.field}: " if error.field else "")
    problem = text.removesuffix(f"; {error.hint}")
    return Finding(Path(error.source), error.field, problem, error.hint, episode)


def _of_info(root: Path, info: Mapping[str, Any]) -> Iterator[Finding]:
    path = root / INFO
    expected = features_of(camera_shapes(info["features"]), recorded_readings(info))
    for name in sorted(expected.keys() ^ info["features"].keys()):
        problem = "is missing" if name in expected else "is no feature that drive_sim records"
        yield Finding(path, f"features.{name}", problem, _COPY)
    for name in expected.keys() & info["features"].keys():
        if info["features"][name] != expected[name]:
            yield Finding(path, f"features.{name}", "is not described as drive_sim records it", _COPY)
    splits = {"train": f"0:{info['total_episodes']}"}
    if info.get("splits") != splits:
        yield Finding(path, "splits", f"is {info.get('splits')}", f"set it to {json.dumps(splits)}")


def _of_rows(metadata: Metadata) -> Iterator[Finding]:
    root, info, rows = metadata.root, metadata.info, metadata.rows
    frames = sum(rows["length"].to_pylist())
    for key, count in (("total_frames", frames), ("total_tasks", len(metadata.tasks))):
        if info.get(key) != count:
            yield Finding(root / INFO, key, f"is {info.get(key)}, but there are {count}", f"set it to {count}")
    if rows.num_rows == 0:
        return
    right = numbered(rows)
    for name in right.column_names:
        if not name.startswith("stats/") and right[name] != rows[name]:
            hint = "copy meta/episodes again from where it is whole"
            yield Finding(root / "meta/episodes", name, "does not follow the order of the episodes", hint)
    keys = rows["drive_sim/key"].to_pylist()
    for index, row in enumerate(rows.drop_columns([n for n in rows.column_names if n[:6] == "stats/"]).to_pylist()):
        field = f"episode {index}"
        hint = _DROP.format(index)
        if keys.index(keys[index]) != index:
            yield Finding(root / "meta/episodes", field, "is in the dataset twice", hint, index)
        if row["length"] < 1:
            yield Finding(root / "meta/episodes", field, "has no steps", hint, index)
        if any(task not in metadata.tasks for task in row["tasks"]):
            yield Finding(root / TASKS, field, f"its task {row['tasks']} is not listed", _COPY, index)
        try:
            load_road(root, provenance_of(root, row)["road"]["digest"])
        except InputError as error:
            yield _finding(error, index)


def _of_data(metadata: Metadata, index: int, images: bool) -> Iterator[Finding]:
    path = data_file(metadata.root, index)
    hint = _DROP.format(index)
    try:
        table = read_data(path)
    except InputError as error:
        yield _finding(error, index)
        return
    schema = arrow_schema(metadata.features)
    for name in sorted({*schema.names, *table.column_names}):
        if name not in table.column_names or name not in schema.names:
            problem = "the column is missing" if name in schema.names else "the column is no feature of info.json"
            yield Finding(path, name, problem, hint, index)
        elif table.schema.field(name).type != schema.field(name).type:
            problem = f"is {table.schema.field(name).type} instead of {schema.field(name).type}"
            yield Finding(path, name, problem, hint, index)
    length = metadata.rows["length"][index].as_py()
    if table.num_rows != length:
        yield Finding(path, "", f"holds {table.num_rows} steps, meta/episodes says {length}", hint, index)
        return
    usable = {f.name for f in table.schema if f.name in schema.names and schema.field(f.name).type == f.type}
    for name in table.column_names:
        if name not in usable:
            continue
        if metadata.features[name]["dtype"] == "image":
            if images:
                problem = _image_problem(table[name], metadata.features[name]["shape"])
                if problem:
                    yield Finding(path, name, problem, hint, index)
            continue
        for problem in _number_problems(metadata, index, name, table[name]):
            yield Finding(path, name, problem, hint, index)


def _image_problem(column: pa.ChunkedArray, shape: list[int]) -> str:
    for step, data in enumerate(image_bytes(column)):
        try:
            image = decode_image(data or b"")
        except ValueError:
            return f"the image of step {step} cannot be decoded"
        if image.shape != tuple(shape):
            return f"the image of step {step} is {image.shape}, not {tuple(shape)}"
    return ""


def _number_problems(metadata: Metadata, index: int, name: str, column: pa.ChunkedArray) -> Iterator[str]:
    try:
        values = to_numpy(column)
    except ValueError as error:
        yield str(error)
        return
    finite = np.isfinite(values).reshape(len(values), -1).all(1)
    if not finite.all():
        yield f"is not finite at step {int(np.argmin(finite))}"
        return
    expected = _expected(metadata, index, name, len(values))
    if expected is not None and not np.array_equal(values, expected):
        step = int(np.argmax(values != expected))
        yield f"is {values[step]} at step {step}, not {expected[step]}"
    count = len(metadata.info["drive_sim"]["controllers"])
    if name == "controller" and not ((values >= 0) & (values < count)).all():
        yield f"holds a code beyond those of the {count} controllers"
    if has_statistics(name):
        right = column_statistics(values)
        for stat in NAMES:
            kept = _numbers({stat: metadata.rows[f"stats/{name}/{stat}"][index].as_py()}, stat)
            if kept.shape != right[stat].shape or not np.allclose(kept, right[stat], rtol=1e-6, atol=1e-9):
                yield f"its {stat} is not the one in meta/episodes"
                return


def _expected(metadata: Metadata, index: int, name: str, count: int) -> NDArray[Any] | None:
    """What an index column has to hold."""
    frame = np.arange(count)
    rows = metadata.rows
    if name == "timestamp":
        return (frame / metadata.info["fps"]).astype(np.float32)
    if name == "frame_index":
        return frame
    if name == "episode_index":
        return np.full(count, index)
    if name == "index":
        return frame + int(np.asarray(rows["length"])[:index].sum())
    if name == "task_index":
        tasks = rows["tasks"][index].as_py()
        return np.full(count, metadata.tasks.index(tasks[0])) if tasks and tasks[0] in metadata.tasks else None
    return None


def _of_statistics(metadata: Metadata) -> Iterator[Finding]:
    path = metadata.root / STATS
    if metadata.rows.num_rows == 0:
        return
    if not path.exists():
        yield Finding(path, "", "is missing", _COPY)
        return
    try:
        kept = parse_json(path.read_bytes(), path, constants=True)
        right = statistics_of(metadata)
    except InputError as error:
        yield _finding(error)
        return
    for name in sorted(right.keys() | kept.keys()):
        if name not in right or name not in kept:
            problem = "is missing" if name in right else "is no feature with statistics"
            yield Finding(path, name, problem, _COPY)
            continue
        for stat, value in right[name].items():
            given = _numbers(kept[name], stat)
            if given.shape != value.shape or not np.allclose(given, value, rtol=1e-6, atol=1e-9):
                yield Finding(path, f"{name}.{stat}", "does not follow from the episodes'", _COPY)


def _numbers(values: Any, stat: str) -> NDArray[np.float64]:
    """The numbers that a column of ``stats.json`` has under ``stat``; none where it has something else."""
    try:
        return np.asarray(values[stat], np.float64)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return np.zeros(0)


def _of_leftovers(root: Path, metadata: Metadata) -> Iterator[Finding]:
    count = metadata.rows.num_rows
    known = {data_file(root, index) for index in range(count)}
    for path in listed(root / "data", "*/*.parquet"):
        if path not in known:
            hint = "record into the dataset once more, which puts it in order, or delete the file"
            yield Finding(path, "", "belongs to no episode", hint)
    known = {rows_file(root, number) for number in range(row_files(count))}
    for path in listed(root / "meta/episodes", "*/*.parquet"):
        if path not in known:
            yield Finding(path, "", "belongs to no episode", "delete the file")
    for path in listed(root / DROPPED, "*/row.parquet"):
        try:
            read_data(path)
        except InputError as error:
            yield Finding(path, "", _finding(error).problem, "copy the file again, or delete its folder for good")
    for folder in journal_folders(root):
        if not is_live(folder):
            hint = f"make an episode of it with drive-sim data recover {root}"
            yield Finding(folder, "", "is a recording that was interrupted", hint)
    for path in listed(root / STAGING):
        hint = f"clear it away with drive-sim data recover {root}, or delete the file"
        yield Finding(path, "", "is a temporary file that a crash left", hint)
