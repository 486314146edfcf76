"""Adding episodes to a dataset: journals are turned into its rows, also those that a crash left.

`conversion` turns one journal into an episode. The order of writes keeps the dataset readable at every moment: data
file, ``meta/episodes``, tasks, statistics, and ``info.json`` last, which alone makes the new episode count. The journal
goes when all of that is on the disk. An episode's key decides whether it is in already, so a conversion that was
interrupted anywhere is simply done again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drive_sim.base.errors import InputError
from drive_sim.base.files import listed
from drive_sim.base.text import user_path
from drive_sim.recording.conversion import append_episode, cameras_text
from drive_sim.recording.journal import (
    ENCODINGS,
    PREFIX,
    JournalWriter,
    is_live,
    journal_folders,
    journal_key,
    remove_journal,
)
from drive_sim.recording.lerobot.features import Reading, camera_shapes, recorded_readings
from drive_sim.recording.lerobot.info import INFO, new_info, read_info
from drive_sim.recording.lerobot.metadata import episode_keys, metadata_targets, read_metadata
from drive_sim.recording.provenance import store_road
from drive_sim.recording.storage import LOCK, STAGING, disk_errors, replace_in_dataset, write_json, writing
from drive_sim.world.roads.road import Road


@dataclass(frozen=True)
class DatasetWriter:
    """A dataset open for recording; several processes may have the same one open."""

    path: Path
    recovered: tuple[int, ...]
    """Episodes made from journals that a crash left, when this was opened."""
    encoding: str
    cameras: dict[str, tuple[int, int]]
    readings: dict[str, Reading]
    """Of sensors that other packages add, by name."""

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
    path: str | Path,
    fps: int,
    cameras: Mapping[str, tuple[int, int]],
    encoding: str | None = None,
    readings: Mapping[str, Reading] | None = None,
) -> DatasetWriter:
    """Open the dataset in folder ``path`` for recording, made new if there is none.

    What a crash left is put in order: journals become episodes, interrupted changes are finished.

    Parameters
    ----------
    fps
        Steps a second.
    cameras
        Height and width [pixel] by camera.
    encoding
        "png" or "jpeg"; by default the dataset's, PNG in a new one.
    readings
        Of sensors that other packages add, by name; by default none.

    Raises
    ------
    InputError
        The folder holds something else, the dataset is of a newer version or damaged, its rate, cameras or readings
        differ, or the disk refuses.
    """
    root = user_path(path)
    if encoding is not None and encoding not in ENCODINGS:
        raise InputError("encoding", "", f"there is no {encoding!r}", f"use one of {', '.join(ENCODINGS)}")
    _create(root, new_info(fps, cameras, readings or {}, encoding or "png"))
    with writing(root):
        info = read_info(root)
        recovered = tuple(_recover(root))
    if info["fps"] != fps:
        problem = f"is {info['fps']}, the recording's is {fps}"
        raise InputError(root / INFO, "fps", problem, "record into another folder")
    have = camera_shapes(info["features"])
    if have != dict(cameras):
        problem = f"are {cameras_text(have)}, the recording's are {cameras_text(cameras)}"
        raise InputError(root / INFO, "cameras", problem, "use the same cameras, or record into another folder")
    kept = recorded_readings(info)
    if kept != dict(readings or {}):
        problem = f"are {_readings_text(kept)}, the recording's are {_readings_text(readings or {})}"
        raise InputError(root / INFO, "readings", problem, "use the same sensors, or record into another folder")
    return DatasetWriter(root, recovered, encoding or info["drive_sim"]["encoding"], have, kept)


def _readings_text(readings: Mapping[str, Reading]) -> str:
    """Names, types and shapes of readings in words."""
    return ", ".join(f"{name} {dtype}{list(shape)}" for name, (dtype, shape) in readings.items()) or "none"


def recover(path: str | Path) -> list[int]:
    """Turn the journals that a crash left into episodes; their indices. Journals of living processes are left alone."""
    root = user_path(path)
    read_info(root)
    with writing(root):
        return _recover(root)


def _create(root: Path, info: Mapping[str, Any]) -> None:
    if (root / INFO).exists():
        return
    if {path.name for path in listed(root)} - {LOCK, STAGING, "meta"}:
        hint = "name a new folder, or one that drive-sim drive --record made"
        raise InputError(root, "", "is a folder with other things in it", hint)
    with disk_errors(root):
        root.mkdir(parents=True, exist_ok=True)
    with writing(root):
        if not (root / INFO).exists():
            replace_in_dataset(root, root / INFO, lambda staged: write_json(staged, info))


def _recover(root: Path) -> list[int]:
    return _convert(root, [folder for folder in journal_folders(root) if not is_live(folder)])


def _convert(root: Path, folders: Sequence[Path]) -> list[int]:
    """Turn journals into episodes unless they are some already, and remove them; the episodes' indices."""
    before = metadata = read_metadata(root, statistics=True)
    keys = episode_keys(metadata)
    for folder in folders:
        if journal_key(folder) not in keys:
            metadata = append_episode(metadata, folder)
    made = range(before.rows.num_rows, metadata.rows.num_rows)
    if made:
        for target, write in metadata_targets(metadata, made.start):
            replace_in_dataset(root, target, write)
    for folder in folders:
        remove_journal(folder)
    return list(made)
