"""A reader that asks of a dataset what LeRobot's loader (0.4 to 0.6, format v3.0) asks, and refuses what that refuses.

Made from what that loader does, with pyarrow in place of pandas and ``datasets``:

- ``meta/info.json`` is an object with the fields of its ``DatasetInfo``; unknown ones are ignored; the major version
  is not above 3.
- ``meta/tasks.parquet`` is read by pandas; a task is found by its position, its text is the *index* of the frame.
- ``meta/episodes/*/*.parquet`` and ``data/*/*.parquet`` are each read whole, in the order of their paths, as one table:
  every file is opened, whether an episode needs it or not.
- Columns of data are cast to types made of ``features``: another column than those fails, one with another type too.
- Frame i is row i of that table; its episode's row says from which to which frame it goes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


class RefusedError(Exception):
    """LeRobot would not load this."""


def _demand(condition: bool, what: str) -> None:
    if not condition:
        raise RefusedError(what)


def _glob(folder: Path) -> pa.Table:
    paths = sorted(folder.glob("*/*.parquet"))
    _demand(bool(paths), f"no Parquet file in {folder}")
    try:
        tables = [pq.ParquetFile(path).read() for path in paths]
    except (pa.ArrowException, OSError) as error:
        raise RefusedError(f"torn file in {folder}") from error
    _demand(all(table.schema.equals(tables[0].schema) for table in tables), f"files in {folder} differ in schema")
    return pa.concat_tables(tables)


def _hf_type(feature: dict[str, Any]) -> pa.DataType:
    if feature["dtype"] == "image":
        return pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    kind = pa.type_for_alias(feature["dtype"])
    _demand(len(feature["shape"]) == 1, "this reader knows plain numbers and vectors only")
    return kind if feature["shape"] == [1] else pa.list_(kind, feature["shape"][0])


class LeRobotReader:
    """A dataset as LeRobot would have it; `RefusedError` where that would raise."""

    def __init__(self, root: Path) -> None:
        self.info = json.loads((root / "meta/info.json").read_text())
        _demand(self.info["codebase_version"] in ("v3.0", "v3.1"), "codebase_version")
        for name in ("fps", "chunks_size", "data_files_size_in_mb", "video_files_size_in_mb"):
            _demand(self.info[name] > 0, name)
        for name, feature in self.info["features"].items():
            _demand("/" not in name, f"a slash in {name}")
            _demand({"dtype", "shape", "names"} <= feature.keys(), f"description of {name}")
        self.tasks = self._tasks(root / "meta/tasks.parquet")
        self.episodes = _glob(root / "meta/episodes").to_pylist()
        self.stats = json.loads((root / "meta/stats.json").read_text())
        self.data = self._data(root / "data")
        needed = set(range(self.info["total_episodes"]))
        _demand(needed <= set(self.data["episode_index"].to_pylist()), "an episode has no data")

    def _tasks(self, path: Path) -> list[str]:
        table = pq.read_table(path)
        pandas = json.loads(table.schema.metadata[b"pandas"])
        _demand(pandas["index_columns"] == ["task"], "tasks are not indexed by their text")
        _demand(table["task_index"].to_pylist() == list(range(table.num_rows)), "order of tasks")
        _demand(self.info["total_tasks"] <= table.num_rows, "total_tasks")
        return [str(task) for task in table["task"].to_pylist()]

    def _data(self, folder: Path) -> pa.Table:
        table = _glob(folder)
        types = {name: _hf_type(feature) for name, feature in self.info["features"].items()}
        _demand(set(table.column_names) == set(types), "columns are not the features")
        for name, kind in types.items():
            _demand(table.schema.field(name).type == kind, f"type of {name}")
        annotated = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
        _demand(annotated.keys() == types.keys(), "annotation for the library datasets")
        return table

    def __len__(self) -> int:
        return int(self.info["total_frames"])

    def __getitem__(self, frame: int) -> dict[str, Any]:
        """One frame with its images decoded and its task's text."""
        row = {name: self.data[name][frame].as_py() for name in self.data.column_names}
        episode = self.episodes[row["episode_index"]]
        _demand(row["index"] == frame, f"frame {frame} is numbered {row['index']}")
        _demand(episode["dataset_from_index"] <= frame < episode["dataset_to_index"], f"frame {frame}: episode's range")
        _demand(abs(row["timestamp"] - row["frame_index"] / self.info["fps"]) < 1e-4, f"frame {frame}: timestamp")
        for name, feature in self.info["features"].items():
            if feature["dtype"] == "image":
                image = cv2.imdecode(np.frombuffer(row[name]["bytes"], np.uint8), cv2.IMREAD_COLOR)
                _demand(image is not None and list(image.shape) == feature["shape"], f"frame {frame}: {name}")
                row[name] = image[..., ::-1]
        row["task"] = self.tasks[row["task_index"]]
        return row

    def read_everything(self) -> int:
        """Look at every frame that ``info.json`` counts; how many."""
        for frame in range(len(self)):
            self[frame]
        return len(self)
