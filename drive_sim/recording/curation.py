"""Listing the episodes of a dataset, dropping some, and putting them back.

A dropped episode moves to ``dropped/<key>/`` inside the dataset's folder. The others are numbered anew: LeRobot wants
episodes and frames numbered without gaps, so later data files are written again under new numbers. All of it happens
by a `storage.PlannedChange`, which a crash cannot leave half done, and the order of recording that every episode keeps
as its ``number`` makes a restored dataset the same, byte for byte, as one that nothing was dropped from.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drive_sim.base.errors import InputError
from drive_sim.base.text import user_path
from drive_sim.recording.inspection import Finding, check
from drive_sim.recording.interrupted import warn_of_interrupted
from drive_sim.recording.lerobot.info import INFO, data_file, with_totals
from drive_sim.recording.lerobot.metadata import (
    DROPPED,
    STATS,
    Metadata,
    dropped_rows,
    metadata_targets,
    numbered,
    read_metadata,
    replace_column,
    row_files,
    rows_file,
)
from drive_sim.recording.lerobot.statistics import NAMES, column_statistics
from drive_sim.recording.lerobot.tables import renumber
from drive_sim.recording.provenance import provenance_of
from drive_sim.recording.storage import PlannedChange, settle, write_json, writing
from drive_sim.recording.writer import recover

__all__ = ["EpisodeSummary", "Finding", "check", "drop", "list_episodes", "recover_episodes", "restore"]


@dataclass(frozen=True)
class EpisodeSummary:
    """What a list shows of an episode."""

    index: int | None
    """Its place in the dataset; None when it is dropped."""
    number: int
    """Its place in the order of recording: what `restore` takes."""
    key: str
    scenario: str
    split: str
    draw: int
    """Which draw of the scenario it is."""
    road: str
    weather: str
    driver: str
    controllers: tuple[str, ...]
    steps: int
    duration: float
    """[s]"""
    distance: float
    """Path length driven [m]."""
    events: tuple[str, ...]
    complete: bool
    """Whether the recording was ended in good order, and not by a crash."""
    started: str
    """Date and time, ISO 8601, UTC."""

    def __str__(self) -> str:
        place = f"dropped (recorded as {self.number})" if self.index is None else f"episode {self.index}"
        driven = f"{self.duration:.1f} s, {self.distance:.0f} m"
        what = f"{self.scenario} {self.split} {self.draw}, {self.road}, {self.weather}"
        driver = f"{'+'.join(self.controllers)} ({self.driver})" if self.driver else "+".join(self.controllers)
        ended = "" if self.complete else ", interrupted"
        events = f": {', '.join(self.events)}" if self.events else ""
        return f"{place}: {what}, {driver}, {driven}{ended}{events}"


def list_episodes(path: str | Path) -> list[EpisodeSummary]:
    """The episodes of a dataset in order, then the dropped ones; `InputError` as `Dataset.open`."""
    root = user_path(path)
    settle(root)
    metadata = read_metadata(root)
    warn_of_interrupted(metadata)
    dropped = dropped_rows(metadata, statistics=False)
    fps = metadata.info["fps"]
    return [
        *(_summary(root, row, row["episode_index"], fps) for row in metadata.rows.to_pylist()),
        *(_summary(root, row, None, fps) for row in dropped.to_pylist()),
    ]


def recover_episodes(path: str | Path) -> list[EpisodeSummary]:
    """Make episodes of recordings that a crash interrupted, and list them; those going on now are left alone.

    Raises
    ------
    InputError
        A journal was altered, the disk refuses, or as `Dataset.open`.
    """
    made = recover(path)
    return [episode for episode in list_episodes(path) if episode.index in made]


def drop(path: str | Path, episodes: Sequence[int | str]) -> list[str]:
    """Take episodes out of a dataset; `restore` puts them back.

    Parameters
    ----------
    episodes
        Places in the dataset (from 0), or keys.

    Returns
    -------
    list[str]
        Their keys.

    Raises
    ------
    InputError
        There is no such episode, the data file of a later one is torn, or as `Dataset.open`.
    """
    root = user_path(path)
    read_metadata(root)
    with writing(root):
        metadata = read_metadata(root, statistics=True)
        keys = metadata.rows["drive_sim/key"].to_pylist()
        out = sorted({_place(root, keys, episode) for episode in episodes})
        if not out:
            return []
        plan = PlannedChange(root)
        _shorten(plan, metadata, out[0])
        for index in out:
            folder = root / DROPPED / keys[index]
            pq.write_table(metadata.rows.slice(index, 1), plan.stage(folder / "row.parquet"), compression="zstd")
            if data_file(root, index).exists():
                shutil.copyfile(data_file(root, index), plan.stage(folder / "data.parquet"))
        stay = [index for index in range(len(keys)) if index not in set(out)]
        _arrange(
            plan,
            metadata,
            metadata.rows.take(pa.array(stay, pa.int64())),
            [data_file(root, index) for index in stay],
            out[0],
        )
        plan.commit()
    return [keys[index] for index in out]


def restore(path: str | Path, episodes: Sequence[int | str] | None = None) -> list[str]:
    """Put dropped episodes back to where the order of recording has them.

    Parameters
    ----------
    episodes
        Numbers in the order of recording (`EpisodeSummary.number`), or keys; by default all that are dropped.

    Returns
    -------
    list[str]
        Their keys.

    Raises
    ------
    InputError
        No such episode is dropped, a data file is torn, or as `Dataset.open`.
    """
    root = user_path(path)
    read_metadata(root)
    with writing(root):
        metadata = read_metadata(root, statistics=True)
        dropped = dropped_rows(metadata, statistics=True)
        chosen = _chosen(root, dropped, episodes)
        if not chosen:
            return []
        back = dropped.take(chosen)
        folders = [root / DROPPED / key for key in back["drive_sim/key"].to_pylist()]
        rows = pa.concat_tables([metadata.rows, back]).combine_chunks()
        sources = [data_file(root, index) for index in range(metadata.rows.num_rows)]
        sources += [folder / "data.parquet" for folder in folders]
        order = np.argsort(np.asarray(rows["drive_sim/number"]), kind="stable")
        first = int(np.flatnonzero(order >= metadata.rows.num_rows)[0])
        plan = PlannedChange(root)
        _shorten(plan, metadata, first)
        _arrange(plan, metadata, rows.take(order), [sources[index] for index in order], first)
        for folder in folders:
            plan.remove(folder)
        plan.commit()
    return [folder.name for folder in folders]


def _shorten(plan: PlannedChange, metadata: Metadata, count: int) -> None:
    """First of all let ``info.json`` count the unchanged episodes only: the dataset stays readable on the way."""
    info = with_totals(metadata.info, metadata.rows.slice(0, count), metadata.tasks)
    write_json(plan.stage(metadata.root / INFO), info)


def _arrange(plan: PlannedChange, metadata: Metadata, rows: pa.Table, sources: list[Path], first: int) -> None:
    """Plan for the dataset to consist of ``rows``, with data from ``sources``; nothing before ``first`` changes."""
    root = metadata.root
    rows = numbered(rows)
    starts = rows["dataset_from_index"].to_pylist()
    lengths = rows["length"].to_pylist()
    counts = {}
    for index in range(first, rows.num_rows):
        changes = {
            "episode_index": np.full(lengths[index], index),
            "index": np.arange(starts[index], starts[index] + lengths[index]),
        }
        renumber(sources[index], plan.stage(data_file(root, index)), metadata.features, changes)
        counts[index] = {name: column_statistics(values) for name, values in changes.items()}
    for name in ("episode_index", "index"):
        for stat in NAMES:
            column = f"stats/{name}/{stat}"
            kept = rows[column].to_pylist()[:first]
            values = kept + [counts[index][name][stat].tolist() for index in range(first, rows.num_rows)]
            rows = replace_column(rows, column, pa.array(values, rows.schema.field(column).type))
    for index in range(rows.num_rows, metadata.rows.num_rows):
        plan.remove(data_file(root, index))
    changed = Metadata(root, with_totals(metadata.info, rows, metadata.tasks), rows, metadata.tasks)
    for target, write in metadata_targets(changed, first):
        write(plan.stage(target))
    for number in range(row_files(rows.num_rows), row_files(metadata.rows.num_rows)):
        plan.remove(rows_file(root, number))
    if not rows.num_rows:
        plan.remove(root / STATS)


def _place(root: Path, keys: list[str], episode: int | str) -> int:
    if isinstance(episode, str):
        if episode in keys:
            return keys.index(episode)
    elif 0 <= episode < len(keys):
        return episode
    have = f"0 to {len(keys) - 1}" if keys else "none"
    raise InputError(root, "episode", f"there is no episode {episode}", f"choose one of those it has: {have}")


def _chosen(root: Path, dropped: pa.Table, episodes: Sequence[int | str] | None) -> list[int]:
    numbers, keys = dropped["drive_sim/number"].to_pylist(), dropped["drive_sim/key"].to_pylist()
    if episodes is None:
        return list(range(len(keys)))
    chosen = set()
    for episode in episodes:
        names: list[Any] = keys if isinstance(episode, str) else numbers
        if episode not in names:
            have = ", ".join(map(str, numbers)) or "none"
            problem = f"no dropped episode was recorded as {episode}"
            raise InputError(root, "episode", problem, f"choose one of those dropped: {have}")
        chosen.add(names.index(episode))
    return sorted(chosen)


def _summary(root: Path, row: dict[str, Any], index: int | None, fps: int) -> EpisodeSummary:
    provenance = provenance_of(root, row)
    summary = provenance["summary"]
    return EpisodeSummary(
        index=index,
        number=row["drive_sim/number"],
        key=row["drive_sim/key"],
        scenario=provenance["scenario"],
        split=provenance["split"],
        draw=provenance["number"],
        road=provenance["road"]["name"],
        weather=provenance["weather"],
        driver=provenance["driver"],
        controllers=tuple(summary["controllers"]),
        steps=row["length"],
        duration=row["length"] / fps,
        distance=summary["distance"],
        events=tuple(summary["events"]),
        complete=provenance["complete"],
        started=provenance["started"],
    )
