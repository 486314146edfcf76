"""Which settings differ between two models and their evaluations, and how many are the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drive_sim.evaluation.report.side_by_side.sides import Side
from drive_sim.evaluation.report.words import DASH

LONGEST = 160
"""Characters of a value that are shown."""


@dataclass(frozen=True)
class Difference:
    """A setting that the two have otherwise, or that one lacks."""

    name: str
    """Dotted, as in the file."""
    values: tuple[str, str]


@dataclass(frozen=True)
class Settings:
    """Settings of one kind: of the evaluation, or of the model."""

    title: str
    differing: list[Difference]
    same: int


def differing_settings(first: Side, second: Side) -> list[Settings]:
    """Settings of the evaluations and of the models, as far as both sides have them."""
    found = []
    if first.results is not None and second.results is not None:
        found.append(_compared("Evaluation", *(dict(_evaluation(side)) for side in (first, second))))
    if first.config and second.config:
        found.append(_compared("Model (config.json)", *(dict(_flat(side.config)) for side in (first, second))))
    return found


def _compared(title: str, first: dict[str, Any], second: dict[str, Any]) -> Settings:
    names = list(dict.fromkeys([*first, *second]))
    missing = object()
    differing = [name for name in names if first.get(name, missing) != second.get(name, missing)]
    rows = [Difference(name, (_shown(first, name), _shown(second, name))) for name in differing]
    return Settings(title, rows, len(names) - len(rows))


def _shown(settings: dict[str, Any], name: str) -> str:
    if name not in settings:
        return DASH
    value = settings[name]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _evaluation(side: Side) -> Iterator[tuple[str, Any]]:
    results = side.results
    assert results is not None
    document = results.model_dump(by_alias=True)
    names = ("driver", "suite", "suite_source", "scenario", "seed", "roads", "device", "seconds", "latency_s")
    for name in (*names, "versions", "machine"):
        yield from _flat({name: document[name]})
    yield "episodes", len(results.episodes)
    yield "complete", results.complete


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, value) of a table's and its tables' entries."""
    for name, value in table.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
