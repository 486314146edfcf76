"""What a search has driven so far, a line each: a search that is killed goes on where it was.

``search.jsonl`` begins with what the search is; then follow the outcomes in the order in which they were driven,
flushed to the disk batch by batch. What the search draws next follows from them, so they are all that has to be kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from drive_sim.base.errors import InputError
from drive_sim.base.json import checked, parse_json
from drive_sim.evaluation.result_facts import ResultsPart

FILE_NAME = "search.jsonl"


class Outcome(ResultsPart):
    """What came of one situation."""

    key: str
    """Of the situation, such as ``cut-out-017``."""
    failed: bool
    cause: str
    """Why it failed; "" where it did not."""
    closeness: float | None
    """How close it came to failing; null for a failure, and where nothing tells."""
    features: dict[str, float | int | str]
    """Of the drawn episode (`drive_sim.mining.features`)."""


class SearchJournal:
    """The outcomes of a search, in memory and in its file."""

    def __init__(self, path: Path, search: dict[str, Any]) -> None:
        self._path = path
        self.outcomes: dict[str, Outcome] = {}
        """By key."""
        header = json.dumps(search, ensure_ascii=False, sort_keys=True)
        lines = _whole_lines(path)
        if lines:
            self._read(lines, json.loads(header))
        else:
            self._append([header])

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Keep what a batch came to."""
        found = list(outcomes)
        self._append([one.model_dump_json() for one in found])
        self.outcomes |= {one.key: one for one in found}

    def _read(self, lines: list[bytes], search: dict[str, Any]) -> None:
        begun = parse_json(lines[0], self._path, "line 1", hint="name another folder, or remove the file")
        differing = sorted(name for name in {*begun, *search} if begun.get(name) != search.get(name))
        if differing:
            problem = f"is of another search (other {', '.join(differing)})"
            raise InputError(self._path, "", problem, "name another --output, or remove the file")
        for number, line in enumerate(lines[1:], 2):
            place = f"line {number}"
            document = parse_json(line, self._path, place, hint="remove the file: the search begins anew")
            one = checked(Outcome, document, self._path, place, hint="remove the file: the search begins anew")
            self.outcomes[one.key] = one

    def _append(self, lines: list[str]) -> None:
        with self._path.open("ab") as file:
            file.write("".join(f"{line}\n" for line in lines).encode())
            file.flush()
            os.fsync(file.fileno())


def _whole_lines(path: Path) -> list[bytes]:
    """The lines of the file; a last one without an end, which a kill cut off, is taken out of it."""
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        os.truncate(path, len(whole))
    return whole.splitlines()
