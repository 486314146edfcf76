"""Mutations of files, and the claim that every reader of files must keep: right, or one clear line, and soon.

A mutation is a pure function of a seed. Text is mutated as bytes, as lines and as numbers, JSON as a document, Parquet
as its rows. ``DRIVE_SIM_MUTATIONS`` sets how many mutations each test tries instead of its own number;
``DRIVE_SIM_MUTATIONS_LOG`` names a file that gets a line of JSON about each test: what was tried, refused, and how long
the slowest took.
"""

from __future__ import annotations

import io
import json
import os
import re
import resource
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drive_sim.base.errors import InputError

SECONDS = 2.0
"""No reader may take more processor time [s] over a file that is wrong (a hang without any ends at pytest's limit)."""
MEMORY = 1 << 30
"""Nor may all of a test's mutations together make the process larger by more [byte]."""

NUMBERS = ("nan", "-1", "0", "1e308", "-1e308", "1e-308", "inf", "99999999999999999999", "1e9", "0x10", "", "true")
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, -1e308, float("nan"), float("inf"), 10**20, 10**9, "", "x" * 1000, "../../x", [], {},
    [[]], {"a": {"b": []}}, [0] * 1000, "\udcff", "nan",
)  # fmt: skip


def count(own: int) -> int:
    """How many mutations a test tries: its ``own`` number, or what ``DRIVE_SIM_MUTATIONS`` says."""
    return int(os.environ.get("DRIVE_SIM_MUTATIONS", own))


def mutate_bytes(data: bytes, seed: int) -> bytes:
    """``data`` with one to four bytes, runs of bytes, lines or numbers changed, dropped or repeated."""
    rng = np.random.default_rng((seed, 1))
    for _ in range(rng.integers(1, 5)):
        data = _mutated_once(data, rng)
    return data


def _mutated_once(data: bytes, rng: np.random.Generator) -> bytes:
    kind = rng.integers(0, 8)
    place = int(rng.integers(0, len(data) + 1))
    end = min(len(data), place + int(rng.integers(1, 64)))
    if kind == 0:
        return data[:place]
    if kind == 1:
        return data[:place] + data[end:]
    if kind == 2:
        return data[:place] + data[place:end] * int(rng.integers(2, 5)) + data[end:]
    if kind == 3:
        return data[:place] + rng.bytes(end - place) + data[end:]
    if kind == 4:
        lines = data.splitlines(keepends=True)
        rng.shuffle(lines)
        return b"".join(lines)
    numbers = list(re.finditer(rb"-?\d+(\.\d+)?(e-?\d+)?", data))
    if not numbers:
        return data + b"\0"
    found = numbers[int(rng.integers(0, len(numbers)))]
    return data[: found.start()] + NUMBERS[int(rng.integers(0, len(NUMBERS)))].encode() + data[found.end() :]


def mutate_document(document: Any, seed: int) -> Any:
    """A copy of a JSON ``document`` with one to three of its values, keys or items changed, dropped or added."""
    rng = np.random.default_rng((seed, 2))
    copy = json.loads(json.dumps(document))
    for _ in range(rng.integers(1, 4)):
        places = [place for place in _containers(copy) if len(place)]
        if not places:
            break
        place = places[int(rng.integers(0, len(places)))]
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[int(rng.integers(0, len(keys)))]
        kind = rng.integers(0, 4)
        if kind == 0:
            del place[key]
        elif kind == 1 and isinstance(place, dict):
            place[f"{key}x"] = place.pop(key)
        else:
            place[key] = deepcopy(VALUES[int(rng.integers(0, len(VALUES)))])
    return copy


def _containers(document: Any) -> list[Any]:
    if isinstance(document, dict):
        return [document, *(inner for value in document.values() for inner in _containers(value))]
    if isinstance(document, list):
        return [document, *(inner for value in document for inner in _containers(value))]
    return []


def mutate_table(data: bytes, seed: int) -> bytes:
    """A Parquet file with its bytes (a third of the seeds) or its rows (the others) mutated: columns, types, values."""
    if seed % 3 == 0:
        return mutate_bytes(data, seed)
    rng = np.random.default_rng((seed, 3))
    table = pq.ParquetFile(io.BytesIO(data)).read()
    for _ in range(rng.integers(1, 3)):
        table = _table_mutated_once(table, rng)
    sink = io.BytesIO()
    try:
        pq.write_table(table, sink)
    except pa.ArrowException:  # not everything that Arrow holds, Parquet does
        return mutate_bytes(data, seed)
    return sink.getvalue()


def _table_mutated_once(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    place = int(rng.integers(0, table.num_columns))
    name, kind = table.column_names[place], rng.integers(0, 8)
    if kind == 0:
        return table.drop_columns([name])
    if kind == 1:
        return table.rename_columns([f"{column}x" if column == name else column for column in table.column_names])
    if kind == 2:
        return table.slice(0, int(rng.integers(0, table.num_rows + 1)))
    if kind == 3:
        return pa.concat_tables([table, table.slice(int(rng.integers(0, table.num_rows + 1)))])
    values = table[name].to_pylist()
    if not values:
        return table
    row, odd = int(rng.integers(0, len(values))), VALUES[int(rng.integers(0, len(VALUES)))]
    if isinstance(values[row], list) and values[row] and kind < 6:
        values[row][int(rng.integers(0, len(values[row])))] = odd
    elif isinstance(values[row], str) and values[row].startswith("{"):
        values[row] = json.dumps(mutate_document(json.loads(values[row]), int(rng.integers(0, 1 << 30))))
    else:
        values[row] = odd
    for wanted in (table[name].type, None):
        try:
            return table.set_column(place, name, pa.array(values, wanted))
        except (pa.ArrowException, OverflowError, ValueError, TypeError):
            values = [odd] * len(values) if wanted is not None else values
    return table.drop_columns([name])


Mutate = Callable[[bytes, int], bytes]
"""What is wrong with a file, from what is right and a seed."""


def mutate_json(data: bytes, seed: int) -> bytes:
    """A JSON file with its bytes (even seeds) or its document (odd seeds) mutated."""
    if seed % 2 == 0:
        return mutate_bytes(data, seed)
    return json.dumps(mutate_document(json.loads(data), seed)).encode("utf-8", "surrogatepass")


def try_mutations(
    path: Path, read: Callable[[Path], Any], mutations: int, mutate: Mutate = mutate_bytes, root: Path | None = None
) -> int:
    """Write ``mutations`` mutations of the file over it and ``read`` each; how many were refused.

    Afterwards the file is as it was. Where reading may change more than that, ``root`` names the folder to put back as
    it was after each mutation, and what is given to ``read``.

    Raises
    ------
    AssertionError
        A mutation ended in anything but a result or an `InputError` of one line, or took longer than `SECONDS`, or all
        of them took more than `MEMORY`. The message has the seed, and the mutation stays beside the file as
        ``NAME.seed``.
    """
    trial = _Trial(path, read, root)
    try:
        for seed in range(mutations):
            trial.run(seed, mutate(trial.right, seed))
    finally:
        trial.put_back()
    trial.report(mutations)
    return trial.refused


class _Trial:
    """The mutations of one file."""

    def __init__(self, path: Path, read: Callable[[Path], Any], root: Path | None) -> None:
        self.path, self.right, self.refused, self.slowest = path, path.read_bytes(), 0, 0.0
        self._read, self._root, self._size = read, root, _largest_size()
        self._whole = {} if root is None else {file: file.read_bytes() for file in _files(root)}

    def run(self, seed: int, wrong: bytes) -> None:
        """Try one mutation."""
        self.path.write_bytes(wrong)
        start = time.process_time()
        try:
            self._read(self._root or self.path)
        except InputError as error:
            self.refused += 1
            assert "\n" not in str(error), f"{self.path.name}, seed {seed}: more than one line: {error}"
        except Exception as error:
            kept = self.path.with_name(f"{self.path.name}.{seed}")
            kept.write_bytes(wrong)
            raise AssertionError(f"{kept}: {type(error).__name__}: {error}") from error
        taken = time.process_time() - start
        self.slowest = max(self.slowest, taken)
        assert taken < SECONDS, f"{self.path.name}, seed {seed}: {taken:.1f} s"
        if self._root is not None:
            self.put_back()

    def put_back(self) -> None:
        """All files as they were before."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(self.right)
        if self._root is None:
            return
        there = set(_files(self._root))
        for file in there - self._whole.keys():
            file.unlink()
        for file, data in self._whole.items():
            if file not in there or file.read_bytes() != data:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)

    def report(self, mutations: int) -> None:
        """Check the memory, and write down what came of it."""
        grown = _largest_size() - self._size
        assert grown < MEMORY, f"{self.path.name}: {grown >> 20} MiB"
        log = os.environ.get("DRIVE_SIM_MUTATIONS_LOG")
        if log:
            test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
            line = {"test": test, "file": self.path.name, "tried": mutations, "refused": self.refused}
            with Path(log).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line | {"slowest_s": round(self.slowest, 3), "grown_mib": grown >> 20}) + "\n")


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def _largest_size() -> int:
    """The largest memory that this process has had [byte]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
