"""The files of ``meta/``: what the dataset is, one row an episode, the tasks, the statistics.

``info.json`` decides: rows and data files beyond its totals are what a crash left, and do not count. It is
therefore written last, and everything that it counts is in place before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.base.files import listed
from drive_sim.base.json import WHOLE
from drive_sim.recording.lerobot.features import has_statistics
from drive_sim.recording.lerobot.info import CHUNK_SIZE, INFO, read_info
from drive_sim.recording.lerobot.statistics import NAMES, Statistics, merge
from drive_sim.recording.lerobot.tables import Features, parquet_errors
from drive_sim.recording.storage import write_json

EPISODES_PER_FILE = 100
"""Rows in a file of ``meta/episodes``: what a new episode makes written again stays small."""
STATS, TASKS = "meta/stats.json", "meta/tasks.parquet"
DROPPED = "dropped"
"""Folder of dropped episodes: ``dropped/<key>/row.parquet`` and ``data.parquet``."""

_NEVER_NULL = ("episode_index", "tasks", "length", "drive_sim/key", "drive_sim/number", "drive_sim/provenance")
_MOST = {"length": 10_000_000, "drive_sim/number": 1 << 40}
_KEY = re.compile(r"\w[\w.-]*", re.ASCII)

Targets = Iterator[tuple[Path, Callable[[Path], None]]]
"""Files to replace, in this order, each with what writes it."""


@dataclass(frozen=True, eq=False)
class Metadata:
    """Everything in ``meta/`` of the dataset at ``root``."""

    root: Path
    info: dict[str, Any]
    rows: pa.Table
    """One row an episode, ``info["total_episodes"]`` of them; with or without the columns of statistics."""
    tasks: tuple[str, ...]

    @property
    def features(self) -> dict[str, dict[str, Any]]:
        """Columns of the data files, as LeRobot describes them."""
        features: dict[str, dict[str, Any]] = self.info["features"]
        return features


def rows_file(root: Path, number: int) -> Path:
    """The file of ``meta/episodes`` with rows from ``number`` times `EPISODES_PER_FILE` on."""
    return root / f"meta/episodes/chunk-{number // CHUNK_SIZE:03d}/file-{number % CHUNK_SIZE:03d}.parquet"


def row_files(episodes: int) -> int:
    """Number of files of ``meta/episodes`` for so many episodes."""
    return -(-episodes // EPISODES_PER_FILE)


def read_metadata(root: Path, statistics: bool = False) -> Metadata:
    """All of ``meta/``; `InputError` as `read_info`, and when a Parquet file is torn or rows are missing."""
    info = read_info(root)
    total = info["total_episodes"]
    rows = read_rows(root, info["features"], total, statistics)
    if rows.num_rows < total:
        problem = f"is {total}, but meta/episodes holds {rows.num_rows}"
        raise InputError(root / INFO, "total_episodes", problem, f"set it to {rows.num_rows}")
    return Metadata(root, info, rows.slice(0, total), read_tasks(root))


def rows_schema(features: Features) -> pa.Schema:
    """The schema of ``meta/episodes``: LeRobot's columns, ours, and the statistics of features."""
    whole = pa.int64()
    columns: list[tuple[str, pa.DataType]] = [
        ("episode_index", whole),
        ("tasks", pa.list_(pa.string())),
        ("length", whole),
        ("data/chunk_index", whole),
        ("data/file_index", whole),
        ("dataset_from_index", whole),
        ("dataset_to_index", whole),
        ("meta/episodes/chunk_index", whole),
        ("meta/episodes/file_index", whole),
        ("drive_sim/key", pa.string()),
        ("drive_sim/number", whole),
        ("drive_sim/provenance", pa.string()),
    ]
    number = pa.float64()
    for name, feature in features.items():
        if not has_statistics(name):
            continue
        kind = pa.list_(pa.list_(pa.list_(number))) if feature["dtype"] == "image" else pa.list_(number)
        columns += [(f"stats/{name}/{stat}", pa.list_(whole) if stat == "count" else kind) for stat in NAMES]
    return pa.schema(columns)


def read_rows(root: Path, features: Features, total: int, statistics: bool) -> pa.Table:
    """The rows of the first ``total`` episodes, fewer if there are fewer; statistics only if asked for."""
    schema = _schema(features, statistics)
    parts = [_read_rows_file(rows_file(root, number), schema) for number in range(row_files(total))]
    return pa.concat_tables([schema.empty_table(), *parts]).combine_chunks()


def episode_keys(metadata: Metadata) -> set[str]:
    """The keys of all episodes, the dropped ones too."""
    dropped = {path.name for path in listed(metadata.root / DROPPED)}
    return dropped | set(metadata.rows["drive_sim/key"].to_pylist())


def dropped_rows(metadata: Metadata, statistics: bool) -> pa.Table:
    """Rows of the dropped episodes in the order of recording; `InputError` as `read_metadata`."""
    schema = _schema(metadata.features, statistics)
    paths = listed(metadata.root / DROPPED, "*/row.parquet")
    parts = [schema.empty_table(), *(_read_rows_file(path, schema) for path in paths)]
    rows = pa.concat_tables(parts).combine_chunks()
    return rows.take(pc.sort_indices(rows["drive_sim/number"]))


def _schema(features: Features, statistics: bool) -> pa.Schema:
    schema = rows_schema(features)
    return pa.schema([field for field in schema if statistics or not field.name.startswith("stats/")])


def _read_rows_file(path: Path, schema: pa.Schema) -> pa.Table:
    """The rows in a file, with the columns of ``schema``; InputError where one is missing, of another type or odd."""
    with parquet_errors(path), pq.ParquetFile(path) as file:
        there = set(file.schema_arrow.names)
        missing = [name for name in schema.names if name not in there]
        if missing:
            raise InputError(path, missing[0], "is missing", WHOLE)
        # All of them where statistics are wanted: choosing among hundreds of columns takes longer than reading them.
        columns = None if schema.names[-1].startswith("stats/") else schema.names
        table = file.read(columns=columns).select(schema.names).cast(schema)
    for name in _NEVER_NULL:
        if table[name].null_count:
            raise InputError(path, name, "has rows without a value", WHOLE)
    for name, most in _MOST.items():
        odd = [value for value in table[name].to_pylist() if not 0 <= value <= most]
        if odd:
            raise InputError(path, name, f"is {odd[0]}, not a number from 0 to {most}", WHOLE)
    for key in table["drive_sim/key"].to_pylist():
        # It becomes the name of a folder.
        if not _KEY.fullmatch(key):
            raise InputError(path, "drive_sim/key", f"is {key!r}, not a name of letters, digits and dashes", WHOLE)
    return table


def read_tasks(root: Path) -> tuple[str, ...]:
    """The tasks in the order of their ``task_index``."""
    path = root / TASKS
    if not path.exists():
        return ()
    with parquet_errors(path):
        table = pq.ParquetFile(path).read()
    if not {"task", "task_index"} <= set(table.column_names):
        raise InputError(path, "task", "is missing", WHOLE)
    pairs = list(zip(table["task_index"].to_pylist(), table["task"].to_pylist(), strict=True))
    if not all(isinstance(index, int) and isinstance(task, str) for index, task in pairs):
        raise InputError(path, "task", "is not a list of names by number", WHOLE)
    return tuple(task for _, task in sorted(pairs))


def numbered(rows: pa.Table) -> pa.Table:
    """Rows with the columns that follow from their order: indices, file numbers, frame ranges."""
    count = rows.num_rows
    index = np.arange(count)
    last = np.cumsum(np.asarray(rows["length"]), dtype=np.int64)
    first = last - np.asarray(rows["length"])
    groups = index // EPISODES_PER_FILE
    columns = {
        "episode_index": index,
        "data/chunk_index": index // CHUNK_SIZE,
        "data/file_index": index % CHUNK_SIZE,
        "dataset_from_index": first,
        "dataset_to_index": last,
        "meta/episodes/chunk_index": groups // CHUNK_SIZE,
        "meta/episodes/file_index": groups % CHUNK_SIZE,
    }
    for name, values in columns.items():
        rows = replace_column(rows, name, pa.array(values, pa.int64()))
    return rows


def replace_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    """The table with other values in one column."""
    position = table.column_names.index(name)
    return table.set_column(position, table.schema.field(position), values)


def statistics_of(metadata: Metadata) -> dict[str, Statistics]:
    """Statistics of the whole dataset from those of its episodes; InputError where those are not whole."""
    merged: dict[str, Statistics] = {}
    for name in filter(has_statistics, metadata.features):
        try:
            merged[name] = merge({stat: _stacked(metadata.rows[f"stats/{name}/{stat}"]) for stat in NAMES})
        except (ValueError, TypeError):
            problem = "are not as many numbers in every row"
            raise InputError(metadata.root / "meta/episodes", f"stats/{name}", problem, WHOLE) from None
    return merged


def _stacked(column: pa.ChunkedArray) -> NDArray[Any]:
    """A column of equally shaped nested lists as one array with a leading axis of rows; ValueError if they differ."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0)
    shape = [len(array)]
    while isinstance(array, pa.ListArray):
        if array.null_count:
            raise ValueError("values are missing")
        array = array.flatten()
        shape.append(len(array) // max(int(np.prod(shape)), 1))
    return np.asarray(array).reshape(shape)


def metadata_targets(metadata: Metadata, first_changed: int) -> Targets:
    """The files of ``meta/`` to write, in an order that leaves a readable dataset after each of them.

    Rows are taken to be unchanged before ``first_changed``; ``info`` must have its totals.
    """
    root, rows = metadata.root, metadata.rows
    for number in range(first_changed // EPISODES_PER_FILE, row_files(rows.num_rows)):
        part = rows.slice(number * EPISODES_PER_FILE, EPISODES_PER_FILE)
        yield rows_file(root, number), _parquet(part)
    yield root / TASKS, _parquet(_tasks_table(metadata.tasks))
    if rows.num_rows:
        serial = {
            name: {stat: value.tolist() for stat, value in column.items()}
            for name, column in statistics_of(metadata).items()
        }
        # On one line: several times as quick, and thousands of numbers are not to be read.
        yield root / STATS, lambda path: write_json(path, serial, indent=None)
    yield root / INFO, lambda path: write_json(path, metadata.info)


def _parquet(table: pa.Table) -> Callable[[Path], None]:
    return lambda path: pq.write_table(table, path, compression="zstd")


def _tasks_table(tasks: Sequence[str]) -> pa.Table:
    """The tasks as pandas would write a frame indexed by them: LeRobot reads it with pandas and looks at the index."""

    def described(name: str, pandas_type: str, numpy_type: str) -> dict[str, Any]:
        kinds = {"pandas_type": pandas_type, "numpy_type": numpy_type, "metadata": None}
        return {"name": name, "field_name": name, **kinds}

    annotation = {
        "index_columns": ["task"],
        "column_indexes": [{**described("", "unicode", "object"), "name": None, "field_name": None}],
        "columns": [described("task_index", "int64", "int64"), described("task", "unicode", "object")],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.0.0",
    }
    schema = pa.schema([("task_index", pa.int64()), ("task", pa.string())], metadata={"pandas": json.dumps(annotation)})
    return pa.table([list(range(len(tasks))), list(tasks)], schema=schema)
