"""Mutations of files, and the claim that every reader of files must keep: right, or one clear line, and soon.

A mutation is a pure function of a seed. Text is mutated as bytes, as lines and as numbers, JSON as a document.
``DRIVE_SIM_MUTATIONS`` sets how many mutations each test tries instead of its own number.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from drive_sim.base.errors import InputError

SECONDS = 2.0
"""No reader may take longer [s] over a file that is wrong."""

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
            place[key] = VALUES[int(rng.integers(0, len(VALUES)))]
    return copy


def _containers(document: Any) -> list[Any]:
    if isinstance(document, dict):
        return [document, *(inner for value in document.values() for inner in _containers(value))]
    if isinstance(document, list):
        return [document, *(inner for value in document for inner in _containers(value))]
    return []


def try_mutations(path: Path, read: Callable[[Path], Any], mutations: int, as_document: bool = False) -> int:
    """Write ``mutations`` mutations of the file over it and ``read`` each; put the file back; how many were refused.

    Half of the mutations are of the document where the file is JSON (``as_document``).

    Raises
    ------
    AssertionError
        A mutation ended in anything but a result or an `InputError` of one line, or took longer than `SECONDS`. The
        message has the seed, and the file stays as it was then, beside the mended one, as ``NAME.seed``.
    """
    right = path.read_bytes()
    refused = 0
    try:
        for seed in range(mutations):
            if as_document and seed % 2:
                wrong = json.dumps(mutate_document(json.loads(right), seed)).encode("utf-8", "surrogatepass")
            else:
                wrong = mutate_bytes(right, seed)
            path.write_bytes(wrong)
            refused += _refused(path, read, seed)
    finally:
        path.write_bytes(right)
    return refused


def _refused(path: Path, read: Callable[[Path], Any], seed: int) -> bool:
    start = time.perf_counter()
    refused = False
    try:
        read(path)
    except InputError as error:
        refused = True
        assert "\n" not in str(error), f"{path.name}, seed {seed}: more than one line: {error}"
    except Exception as error:
        kept = path.with_name(f"{path.name}.{seed}")
        kept.write_bytes(path.read_bytes())
        raise AssertionError(f"{kept}: {type(error).__name__}: {error}") from error
    taken = time.perf_counter() - start
    assert taken < SECONDS, f"{path.name}, seed {seed}: {taken:.1f} s"
    return refused
