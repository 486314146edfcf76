"""``meta/info.json``: what a dataset is, what it holds, where its data files lie."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import drive_sim
from drive_sim.base.errors import InputError
from drive_sim.drivers.driver import CONTROLLERS
from drive_sim.recording.lerobot.features import ACTOR_SLOTS, features_of

INFO = "meta/info.json"
SCHEMA = 1
"""Version of what drive_sim adds to LeRobot's format."""
CODEBASE_VERSION = "v3.0"
CHUNK_SIZE = 1000
"""Files in a folder; also keeps their names sorted as their numbers."""
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"


def data_file(root: Path, episode: int) -> Path:
    """The data file of an episode."""
    return root / DATA_PATH.format(chunk_index=episode // CHUNK_SIZE, file_index=episode % CHUNK_SIZE)


def new_info(fps: int, cameras: Mapping[str, tuple[int, int]], encoding: str) -> dict[str, Any]:
    """``info.json`` of a dataset without episodes."""
    return {
        "codebase_version": CODEBASE_VERSION,
        "robot_type": "drive_sim",
        "total_episodes": 0,
        "total_frames": 0,
        "total_tasks": 0,
        "chunks_size": CHUNK_SIZE,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "fps": fps,
        "splits": {"train": "0:0"},
        "data_path": DATA_PATH,
        "video_path": None,
        "features": features_of(cameras),
        "drive_sim": {
            "schema": SCHEMA,
            "created_by": drive_sim.__version__,
            "encoding": encoding,
            "controllers": list(CONTROLLERS),
            "actor_slots": ACTOR_SLOTS,
        },
    }


def read_info(root: Path) -> dict[str, Any]:
    """``info.json``, checked as far as the rest of this package relies on it.

    Raises
    ------
    InputError
        There is no dataset, it is damaged, it is not one of drive_sim's, or it is of a newer version.
    """
    path = root / INFO
    if not root.exists():
        raise InputError(root, "", "there is no such dataset", "check the path, or record one with drive-sim drive")
    if not path.is_file():
        problem = "is not a dataset (it has no meta/info.json)"
        raise InputError(root, "", problem, "name the folder that was given to --record")
    try:
        info = json.loads(path.read_bytes())
    except ValueError as error:
        raise InputError(path, "", f"is not JSON ({error})", "copy the file again from where it is whole") from None
    if not isinstance(info, dict):
        raise InputError(path, "", "is not a JSON object", "copy the file again from where it is whole")
    version = str(info.get("codebase_version"))
    if not version.startswith("v3."):
        problem = f"is {version}, only LeRobot's v3 can be read"
        raise InputError(path, "codebase_version", problem, "convert the dataset with LeRobot's own script")
    ours = info.get("drive_sim")
    if not isinstance(ours, dict) or not isinstance(ours.get("schema"), int):
        problem = "is missing: this LeRobot dataset was not recorded by drive_sim"
        raise InputError(path, "drive_sim", problem, "name a dataset that drive-sim drive --record made")
    if ours["schema"] > SCHEMA:
        problem = f"is {ours['schema']}, this version reads up to {SCHEMA}"
        raise InputError(path, "drive_sim.schema", problem, "upgrade drive_sim")
    for key, kind in (("fps", int), ("features", dict), ("total_episodes", int), ("total_frames", int)):
        if not isinstance(info.get(key), kind):
            mend = "copy the file again from where it is whole"
            raise InputError(path, key, "is missing or of the wrong type", mend)
    return info


def with_totals(info: Mapping[str, Any], rows: pa.Table, tasks: Sequence[str]) -> dict[str, Any]:
    """``info`` counting these rows and tasks."""
    return {
        **info,
        "total_episodes": rows.num_rows,
        "total_frames": int(np.asarray(rows["length"]).sum()),
        "total_tasks": len(tasks),
        "splits": {"train": f"0:{rows.num_rows}"},
    }
