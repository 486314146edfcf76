"""``golden.json``: reading it, comparing with it, writing it."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Collection
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numba.core import config as numba_config

import drive_sim  # noqa: F401 (registers the environments)
from tests.end_to_end.golden.entries import Entries, Statistics

FILE = Path(__file__).with_name("golden.json")
VERSIONED = ("llvmlite", "numba", "numpy", "opencv-python-headless", "pygame-ce", "scipy", "torch")
"""Distributions whose version can change the last bits."""


@cache
def machine_kind() -> str:
    """Processor, and a hash of all else that compiled code's last bits depend on: its features and versions."""
    processor = numba_config.CPU_NAME or llvm.get_host_cpu_name()
    features = numba_config.CPU_FEATURES
    parts = [llvm.get_host_cpu_features().flatten() if features is None else features, *platform.libc_ver()]
    parts += [".".join(platform.python_version_tuple()[:2]), *map(metadata.version, VERSIONED)]
    return f"{processor}-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:8]}"


def load() -> dict[str, Any]:
    """The committed golden data: ``statistics`` by case and entry, ``hashes`` by kind of machine, case and entry."""
    if not FILE.exists():
        return {"statistics": {}, "hashes": {}}
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def differences(name: str, entries: Entries, golden: dict[str, Any], tolerance: float) -> list[str]:
    """The entries of a case that are not as committed, each with what differs about it; ``tolerance`` as `Case`'s."""
    statistics = golden["statistics"].get(name, {})
    hashes = golden["hashes"].get(machine_kind(), {}).get(name)
    found = [f"{name}: {entry}: is not computed any more" for entry in statistics if entry not in entries]
    for key, entry in entries.items():
        if key not in statistics:
            found.append(f"{name}: {key}: is not in {FILE.name}")
            continue
        moved = _moved(entry.statistics, statistics[key], tolerance)
        changed = hashes is not None and hashes.get(key) != entry.hash
        if moved or changed:
            found.append(f"{name}: {key}: {moved or 'other bits, within the tolerances'}")
    return found


def _moved(now: Statistics, then: Statistics, tolerance: float) -> str:
    """Which statistics lie apart; "" where none does."""
    if now.keys() != then.keys():
        return f"{', '.join(now)} instead of {', '.join(then)}"
    for kind, values in now.items():
        if kind == "text":
            if values != then[kind]:
                return f"{values!r} instead of {then[kind]!r}"
            continue
        a, b = np.array(values), np.array(then[kind])
        if a.shape != b.shape:
            return f"{len(a)} {kind} instead of {len(b)}"
        allowed = {"means": 0.02, "blocks": 0.5}.get(kind, tolerance * np.maximum(np.abs(b), 1.0))
        excess = np.abs(a - b) - allowed
        if excess.size and excess.max() > 0.0:
            worst = int(excess.argmax())
            return f"{kind}[{worst}] is {a[worst]:.9g} instead of {b[worst]:.9g}"
    return ""


def update(name: str, entries: Entries, golden: dict[str, Any], tolerance: float) -> None:
    """Put a case's entries into the golden data.

    Where a case's results have changed, hashes of other kinds of machine are out of date, and are dropped.
    """
    if differences(name, entries, golden, tolerance):
        golden["statistics"][name] = {key: entry.statistics for key, entry in entries.items()}
        for hashes in golden["hashes"].values():
            hashes.pop(name, None)
    golden["hashes"].setdefault(machine_kind(), {})[name] = {key: entry.hash for key, entry in entries.items()}


def save(golden: dict[str, Any], cases: Collection[str]) -> None:
    """Write the golden data of these cases in their order, one entry a line."""
    golden["statistics"] = {name: golden["statistics"][name] for name in cases if name in golden["statistics"]}
    golden["hashes"] = {
        kind: {name: hashes[name] for name in cases if name in hashes}
        for kind, hashes in sorted(golden["hashes"].items())
    }
    lines: list[str] = []
    _lay_out(golden, "", "", lines)
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _lay_out(value: Any, before: str, after: str, lines: list[str]) -> None:
    """JSON of which only objects of objects are spread over lines."""
    indent = before[: len(before) - len(before.lstrip())]
    whole = json.dumps(value)
    if not isinstance(value, dict) or not value or (len(whole) < 100 and "{" not in whole[1:]):
        lines.append(before + whole + after)
        return
    if all(not isinstance(part, dict | str) for part in value.values()):
        lines.append(before + whole + after)
        return
    lines.append(before + "{")
    for index, (key, part) in enumerate(value.items()):
        comma = "," if index + 1 < len(value) else ""
        _lay_out(part, f"{indent} {json.dumps(key)}: ", comma, lines)
    lines.append(f"{indent}}}{after}")
