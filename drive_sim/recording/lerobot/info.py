"""``meta/info.json``: what a dataset is, what it holds, where its data files lie."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, model_validator

import drive_sim
from drive_sim.base.errors import InputError
from drive_sim.base.json import WHOLE, checked, read_json
from drive_sim.recording.lerobot.features import (
    ACTOR_SLOTS,
    CONTROLLERS,
    LARGEST_COLUMN,
    OBSERVATION_PREFIX,
    Reading,
    features_of,
)

INFO = "meta/info.json"
SCHEMA = 1
"""Version of what drive_sim adds to LeRobot's format."""
CODEBASE_VERSION = "v3.0"
CHUNK_SIZE = 1000
"""Files in a folder; also keeps their names sorted as their numbers."""
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"


_Whole = Annotated[int, Field(strict=True, ge=0, lt=1 << 40)]
_Size = Annotated[int, Field(strict=True, gt=0, le=LARGEST_COLUMN)]


class _Feature(BaseModel):
    """A column of the data files."""

    dtype: Literal["image", "float32", "float64", "int64"]
    shape: list[_Size]
    names: list[str] | None = None

    @model_validator(mode="after")
    def _numbers_or_image(self) -> _Feature:
        if self.dtype == "image" and (len(self.shape) != 3 or self.shape[2] != 3):
            raise ValueError("an image has the shape [height, width, 3]")
        if self.dtype != "image" and len(self.shape) != 1:
            raise ValueError("a column of numbers has the shape [count]")
        return self


class _Ours(BaseModel):
    """What drive_sim adds."""

    encoding: Literal["png", "jpeg"]
    controllers: list[str]
    readings: dict[str, list[_Size]] = {}


class _Info(BaseModel):
    """``info.json`` as far as the rest of this package relies on it."""

    model_config = ConfigDict(extra="allow")

    fps: Annotated[int, Field(strict=True, gt=0, le=100_000)]
    features: dict[str, _Feature]
    total_episodes: _Whole
    total_frames: _Whole
    drive_sim: _Ours

    @model_validator(mode="after")
    def _readings_have_columns(self) -> _Info:
        for name, shape in self.drive_sim.readings.items():
            feature = self.features.get(f"{OBSERVATION_PREFIX}{name}")
            if feature is None or feature.dtype == "image" or feature.shape != [math.prod(shape)]:
                raise ValueError(f"the readings of {name} have no feature of their size")
        return self


def data_file(root: Path, episode: int) -> Path:
    """The data file of an episode."""
    return root / DATA_PATH.format(chunk_index=episode // CHUNK_SIZE, file_index=episode % CHUNK_SIZE)


def new_info(
    fps: int, cameras: Mapping[str, tuple[int, int]], readings: Mapping[str, Reading], encoding: str
) -> dict[str, Any]:
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
        "features": features_of(cameras, readings),
        "drive_sim": {
            "schema": SCHEMA,
            "created_by": drive_sim.__version__,
            "encoding": encoding,
            "controllers": list(CONTROLLERS),
            "actor_slots": ACTOR_SLOTS,
            "readings": {name: list(reading.shape) for name, reading in readings.items()},
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
    info = read_json(path)
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
    checked(_Info, info, path)
    return info


def check_features(root: Path, info: Mapping[str, Any]) -> None:
    """InputError unless the columns are there from which worlds are built again, as drive_sim records them."""
    for name, wanted in features_of({}).items():
        # Controllers come and go with versions, and so do the columns of their commands.
        if name.startswith("command."):
            continue
        feature = info["features"].get(name)
        if feature is None or any(feature[key] != wanted[key] for key in ("dtype", "shape")):
            problem = "is missing" if feature is None else "is not described as drive_sim records it"
            raise InputError(root / INFO, f"features.{name}", problem, WHOLE)


def with_totals(info: Mapping[str, Any], rows: pa.Table, tasks: Sequence[str]) -> dict[str, Any]:
    """``info`` counting these rows and tasks."""
    return {
        **info,
        "total_episodes": rows.num_rows,
        "total_frames": int(np.asarray(rows["length"]).sum()),
        "total_tasks": len(tasks),
        "splits": {"train": f"0:{rows.num_rows}"},
    }
