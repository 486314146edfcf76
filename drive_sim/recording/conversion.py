"""One journal turned into one episode: its data file, and its row of ``meta/episodes``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.recording.journal import ENCODINGS, LOG, Journal, decode_image, read_journal
from drive_sim.recording.lerobot.features import (
    IMAGE_PREFIX,
    INDEX_FEATURES,
    TRUTH_FIELDS,
    camera_shapes,
    has_statistics,
    widen,
)
from drive_sim.recording.lerobot.info import data_file, with_totals
from drive_sim.recording.lerobot.metadata import Metadata, dropped_rows, numbered, rows_schema
from drive_sim.recording.lerobot.statistics import column_statistics, image_statistics, sampled
from drive_sim.recording.lerobot.tables import write_data
from drive_sim.recording.provenance import check_provenance
from drive_sim.recording.storage import replace_in_dataset
from drive_sim.world.events import event_names


def append_episode(metadata: Metadata, folder: Path) -> Metadata:
    """Write the data file of a journal's episode; ``metadata`` with it, the same when the journal has no steps."""
    journal = read_journal(folder)
    if journal is None or not journal.steps:
        return metadata
    root, features = metadata.root, metadata.features
    _check_cameras(journal, features)
    controllers = _controllers(journal, metadata.info["drive_sim"]["controllers"])
    info = {**metadata.info, "drive_sim": {**metadata.info["drive_sim"], "controllers": controllers}}
    metadata = replace(metadata, info=info)
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
        if name in (*INDEX_FEATURES, "controller") or feature["dtype"] == "image":
            continue
        columns[name] = _column(journal, name, feature)
    columns["controller"] = _controller_codes(journal, metadata.info["drive_sim"]["controllers"])
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
    return rows


def _controllers(journal: Journal, known: Sequence[str]) -> list[str]:
    """The ``known`` controllers of a dataset, then the journal's other ones in the order of their appearance."""
    named = (step["values"].get("controller") for step in journal.steps)
    return list(dict.fromkeys([*known, *(name for name in named if isinstance(name, str))]))


def _controller_codes(journal: Journal, controllers: Sequence[str]) -> NDArray[np.int64]:
    """Each step's place in ``controllers``. Journals of schema 1 hold it already, later ones hold the name."""
    codes = {name: code for code, name in enumerate(controllers)}
    values = [step["values"].get("controller") for step in journal.steps]
    rows = [codes[value] if isinstance(value, str) else value for value in values]
    if not all(type(row) is int and 0 <= row < len(controllers) for row in rows):
        raise _unusable(journal, "values.controller", f"is none of the {len(controllers)} controllers")
    return np.array(rows, np.int64)


def _check_cameras(journal: Journal, features: Mapping[str, Any]) -> None:
    """InputError unless the journal's images are what the dataset holds, and can be decoded."""
    cameras = {name: tuple(shape) for name, shape in journal.header["cameras"].items()}
    if cameras != camera_shapes(features):
        raise _unusable(journal, "cameras", f"are not those of the dataset, {cameras_text(camera_shapes(features))}")
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
        "summary": summary_of(columns, metadata.info["drive_sim"]["controllers"]),
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


def summary_of(columns: Mapping[str, NDArray[Any]], controllers: Sequence[str]) -> dict[str, Any]:
    """What lists show of an episode."""
    odometer = columns["truth.dynamics"][:, TRUTH_FIELDS["truth.dynamics"].index("odometer")]
    events = int(np.bitwise_or.reduce(columns["events"]))
    return {
        "distance": float(np.nan_to_num(odometer[-1] - odometer[0])),
        "events": list(event_names(events)),
        "controllers": [controllers[code] for code in np.unique(columns["controller"])],
    }


def cameras_text(cameras: Mapping[str, tuple[int, int]]) -> str:
    """Names and sizes of cameras in words."""
    return ", ".join(f"{name} {height}x{width}" for name, (height, width) in cameras.items()) or "none"
