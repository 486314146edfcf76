"""Adding episodes to a dataset: journals are turned into its rows, also those that a crash left behind.

The order of writes keeps the dataset readable at every moment: data file, ``meta/episodes``, tasks, statistics, and
``info.json`` last, which alone makes the new episode count. The journal goes when all of that is on the disk. An
episode's key decides whether it is in already, so a conversion that was interrupted anywhere is simply done again.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.base.files import listed
from drive_sim.drivers.driver import CONTROLLERS
from drive_sim.recording.journal import (
    ENCODINGS,
    LOG,
    PREFIX,
    Journal,
    JournalWriter,
    decode_image,
    is_live,
    journal_folders,
    journal_key,
    read_journal,
    remove_journal,
)
from drive_sim.recording.lerobot.features import (
    IMAGE_PREFIX,
    INDEX_FEATURES,
    TRUTH_FIELDS,
    camera_shapes,
    has_statistics,
    widen,
)
from drive_sim.recording.lerobot.info import INFO, data_file, new_info, read_info, with_totals
from drive_sim.recording.lerobot.metadata import (
    DROPPED,
    Metadata,
    dropped_rows,
    metadata_targets,
    numbered,
    read_metadata,
    rows_schema,
)
from drive_sim.recording.lerobot.statistics import column_statistics, image_statistics, sampled
from drive_sim.recording.lerobot.tables import write_data
from drive_sim.recording.provenance import check_provenance, store_road
from drive_sim.recording.storage import LOCK, STAGING, disk_errors, replace_in_dataset, write_json, writing
from drive_sim.world.events import event_names
from drive_sim.world.roads.road import Road


@dataclass(frozen=True)
class DatasetWriter:
    """A dataset open for recording; several processes may have the same one open."""

    path: Path
    recovered: tuple[int, ...]
    """Episodes made from journals that a crash left behind when this was opened."""
    encoding: str
    cameras: dict[str, tuple[int, int]]

    def start_journal(
        self, provenance: Mapping[str, Any], task: str, road: Road, clock: Callable[[], float]
    ) -> JournalWriter:
        """Begin the journal of one episode."""
        with writing(self.path):
            digest = store_road(self.path, road)
            described = {"name": road.name, "class": road.road_class, "length": road.length, "digest": digest}
            header = {
                "key": episode_key(),
                "task": task,
                "cameras": {name: list(shape) for name, shape in self.cameras.items()},
                "encoding": self.encoding,
                "provenance": {**provenance, "road": described},
            }
            return JournalWriter(self.path / f"{PREFIX}{header['key']}", header, self.encoding, clock)

    def add(self, journals: Sequence[JournalWriter]) -> list[int]:
        """Turn closed journals into episodes; the indices of those that have steps."""
        try:
            with writing(self.path):
                for journal in journals:
                    journal.release()
                return _convert(self.path, [journal.folder for journal in journals])
        finally:
            for journal in journals:
                journal.release()

    def discard(self, journal: JournalWriter) -> None:
        """Close a journal and forget it."""
        try:
            with writing(self.path):
                journal.release()
                remove_journal(journal.folder)
        finally:
            journal.release()


def episode_key() -> str:
    """A new name for an episode; names sort by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}"


def open_for_writing(
    path: str | Path, fps: int, cameras: Mapping[str, tuple[int, int]], encoding: str | None = None
) -> DatasetWriter:
    """Open the dataset in folder ``path`` for recording, made new if there is none.

    What a crash left behind is put in order: journals become episodes, interrupted changes are finished.

    Parameters
    ----------
    fps
        Steps a second.
    cameras
        Height and width [pixel] by camera.
    encoding
        "png" or "jpeg"; by default the dataset's, PNG in a new one.

    Raises
    ------
    InputError
        The folder holds something else, the dataset is of a newer version or damaged, its rate or cameras differ,
        or the disk refuses.
    """
    root = Path(path)
    if encoding is not None and encoding not in ENCODINGS:
        raise InputError("encoding", "", f"there is no {encoding!r}", f"use one of {', '.join(ENCODINGS)}")
    _create(root, new_info(fps, cameras, encoding or "png"))
    with writing(root):
        info = read_info(root)
        recovered = tuple(_recover(root))
    if info["fps"] != fps:
        problem = f"is {info['fps']}, the recording's is {fps}"
        raise InputError(root / INFO, "fps", problem, "record into another folder")
    have = camera_shapes(info["features"])
    if have != dict(cameras):
        problem = f"are {_cameras_text(have)}, the recording's are {_cameras_text(cameras)}"
        raise InputError(root / INFO, "cameras", problem, "use the same cameras, or record into another folder")
    return DatasetWriter(root, recovered, encoding or info["drive_sim"]["encoding"], have)


def recover(path: str | Path) -> list[int]:
    """Turn the journals that a crash left behind into episodes; their indices. Others' live journals are left alone."""
    root = Path(path)
    read_info(root)
    with writing(root):
        return _recover(root)


def _create(root: Path, info: Mapping[str, Any]) -> None:
    if (root / INFO).exists():
        return
    if {path.name for path in listed(root)} - {LOCK, STAGING, "meta"}:
        mend = "name a new folder, or one that drive-sim drive --record made"
        raise InputError(root, "", "is a folder with other things in it", mend)
    with disk_errors(root):
        root.mkdir(parents=True, exist_ok=True)
    with writing(root):
        if not (root / INFO).exists():
            replace_in_dataset(root, root / INFO, lambda staged: write_json(staged, info))


def _cameras_text(cameras: Mapping[str, tuple[int, int]]) -> str:
    return ", ".join(f"{name} {height}x{width}" for name, (height, width) in cameras.items()) or "none"


def _recover(root: Path) -> list[int]:
    return _convert(root, [folder for folder in journal_folders(root) if not is_live(folder)])


def _convert(root: Path, folders: Sequence[Path]) -> list[int]:
    """Turn journals into episodes unless they are some already, and remove them; the episodes' indices."""
    before = metadata = read_metadata(root, statistics=True)
    keys = _keys(metadata)
    for folder in folders:
        if journal_key(folder) not in keys:
            metadata = _append(metadata, folder)
    made = range(before.rows.num_rows, metadata.rows.num_rows)
    if made:
        for target, write in metadata_targets(metadata, made.start):
            replace_in_dataset(root, target, write)
    for folder in folders:
        remove_journal(folder)
    return list(made)


def _keys(metadata: Metadata) -> set[str]:
    dropped = {path.name for path in listed(metadata.root / DROPPED)}
    return dropped | set(metadata.rows["drive_sim/key"].to_pylist())


def _append(metadata: Metadata, folder: Path) -> Metadata:
    """Write the data file of a journal's episode; ``metadata`` with it, the same when the journal has no steps."""
    journal = read_journal(folder)
    if journal is None or not journal.steps:
        return metadata
    root, features = metadata.root, metadata.features
    _check_cameras(journal, features)
    index = metadata.rows.num_rows
    task = journal.header["task"]
    tasks = metadata.tasks if task in metadata.tasks else (*metadata.tasks, task)
    columns = _columns(metadata, journal, tasks.index(task))
    suffix = ENCODINGS[journal.header["encoding"]][0]

    def images(camera: str, start: int, stop: int) -> list[bytes]:
        return [journal.image(step, camera) for step in range(start, stop)]

    replace_in_dataset(root, data_file(root, index), lambda path: write_data(path, features, columns, images, suffix))
    rows = numbered(pa.concat_tables([metadata.rows, _row(metadata, journal, columns)]).combine_chunks())
    return Metadata(root, with_totals(metadata.info, rows, tasks), rows, tasks)


def _columns(metadata: Metadata, journal: Journal, task_index: int) -> dict[str, NDArray[Any]]:
    """Every column but the images, from the journal's lines."""
    count = len(journal.steps)
    columns: dict[str, NDArray[Any]] = {}
    for name, feature in metadata.features.items():
        if name in INDEX_FEATURES or feature["dtype"] == "image":
            continue
        columns[name] = _column(journal, name, feature)
    frame = np.arange(count)
    lengths = np.asarray(metadata.rows["length"])
    columns["timestamp"] = (frame / metadata.info["fps"]).astype(np.float32)
    columns["frame_index"] = frame
    columns["episode_index"] = np.full(count, metadata.rows.num_rows)
    columns["index"] = frame + int(lengths.sum())
    columns["task_index"] = np.full(count, task_index)
    return columns


def _column(journal: Journal, name: str, feature: Mapping[str, Any]) -> NDArray[Any]:
    """One column; InputError where a step has no such number or another count of them."""
    problem = "is missing or not the numbers that a dataset holds"
    try:
        rows = np.array([step["values"][name] for step in journal.steps], feature["dtype"])
        rows = widen(name, rows)
    except (KeyError, ValueError, TypeError, OverflowError, IndexError):
        raise _unusable(journal, f"values.{name}", problem) from None
    width = feature["shape"][0]
    if rows.shape != ((len(rows),) if width == 1 else (len(rows), width)):
        raise _unusable(journal, f"values.{name}", problem)
    if name == "controller" and not ((rows >= 0) & (rows < len(CONTROLLERS))).all():
        raise _unusable(journal, f"values.{name}", f"is none of the {len(CONTROLLERS)} controllers")
    return rows


def _check_cameras(journal: Journal, features: Mapping[str, Any]) -> None:
    """InputError unless the journal's images are what the dataset holds, and can be decoded."""
    cameras = {name: tuple(shape) for name, shape in journal.header["cameras"].items()}
    if cameras != camera_shapes(features):
        raise _unusable(journal, "cameras", f"are not those of the dataset, {_cameras_text(camera_shapes(features))}")
    for step in sampled(len(journal.steps)):
        for camera, shape in cameras.items():
            try:
                fits = decode_image(journal.image(step, camera)).shape == (*shape, 3)
            except ValueError:
                fits = False
            if not fits:
                raise _unusable(journal, f"step {step}", f"the image of {camera} is not {shape[0]}x{shape[1]}")


def _unusable(journal: Journal, field: str, problem: str) -> InputError:
    """What is said of a journal that no crash leaves like that."""
    return InputError(journal.folder / LOG, field, problem, f"move {journal.folder} out of the dataset")


def _row(metadata: Metadata, journal: Journal, columns: Mapping[str, NDArray[Any]]) -> pa.Table:
    """The row of ``meta/episodes``, but for what `numbered` fills in."""
    schema = rows_schema(metadata.features)
    values: dict[str, Any] = dict.fromkeys(schema.names, 0)
    provenance = {
        **journal.header["provenance"],
        "complete": journal.end is not None,
        **(journal.end or {}),
        "summary": summary_of(columns),
    }
    path = journal.folder / LOG
    check_provenance(provenance, path, "provenance", f"move {journal.folder} out of the dataset")
    values |= {
        "tasks": [journal.header["task"]],
        "length": len(journal.steps),
        "drive_sim/key": journal.header["key"],
        "drive_sim/number": next_number(metadata),
        "drive_sim/provenance": json.dumps(provenance),
    }
    for name, feature in metadata.features.items():
        if not has_statistics(name):
            continue
        if feature["dtype"] == "image":
            camera = name.removeprefix(IMAGE_PREFIX)
            chosen = sampled(len(journal.steps))
            statistics = image_statistics([decode_image(journal.image(step, camera)) for step in chosen])
        else:
            statistics = column_statistics(columns[name])
        values |= {f"stats/{name}/{stat}": value.tolist() for stat, value in statistics.items()}
    return pa.Table.from_pylist([values], schema=schema)


def next_number(metadata: Metadata) -> int:
    """The place of a new episode in the order of recording: after all that are there or dropped."""
    rows = (metadata.rows, dropped_rows(metadata, statistics=False))
    return max((number for table in rows for number in table["drive_sim/number"].to_pylist()), default=-1) + 1


def summary_of(columns: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """What lists show of an episode."""
    odometer = columns["truth.dynamics"][:, TRUTH_FIELDS["truth.dynamics"].index("odometer")]
    events = int(np.bitwise_or.reduce(columns["events"]))
    return {
        "distance": float(np.nan_to_num(odometer[-1] - odometer[0])),
        "events": list(event_names(events)),
        "controllers": [CONTROLLERS[code] for code in np.unique(columns["controller"])],
    }
