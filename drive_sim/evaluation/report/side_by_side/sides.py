"""One side of a comparison: the results of an evaluation, the model that it scored, or both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drive_sim.base.errors import InputError
from drive_sim.base.files import listed
from drive_sim.base.json import read_json
from drive_sim.base.resources import MODEL_FILES, models_folder
from drive_sim.base.text import user_path
from drive_sim.evaluation.places import candidates
from drive_sim.evaluation.results import FILE_NAME, Results, load_results

CONFIG = MODEL_FILES[0]


@dataclass(frozen=True)
class Side:
    """What was found of A or of B."""

    label: str
    """What the page calls it; the two differ."""
    given: str
    results: Results | None
    folder: Path | None
    """Of the results."""
    model: Path | None
    """Folder of the model."""
    config: dict[str, Any]
    """Its ``config.json``; empty without a model."""


def find_sides(first: str | Path, second: str | Path) -> tuple[Side, Side]:
    """Both sides, each the folder of results or of a model, or a ``results.json``; InputError for another thing."""
    found = [_find(given) for given in (first, second)]
    labels = [side.label for side in found]
    if labels[0] == labels[1]:
        labels = [Path(side.given).resolve().name for side in found]
    if labels[0] == labels[1]:
        labels = ["A", "B"]
    sides = [
        Side(label, side.given, side.results, side.folder, side.model, side.config)
        for label, side in zip(labels, found, strict=True)
    ]
    return sides[0], sides[1]


def _find(given: str | Path) -> Side:
    path = user_path(given)
    if not path.exists() and (models_folder() / path / CONFIG).is_file():
        path = models_folder() / path
    if not path.exists():
        raise InputError("compare", "", f"there is nothing at {given}", "name a folder of results or of a model")
    results = _results_file(path)
    if results is None and not (path / CONFIG).is_file():
        hint = "name a folder that drive-sim evaluate or drive-sim train wrote"
        raise InputError("compare", "", f"{given} holds neither {FILE_NAME} nor {CONFIG}", hint)
    loaded = None if results is None else load_results(results)
    folder = None if results is None else results.parent
    model = path if (path / CONFIG).is_file() else _model_of(loaded, folder)
    config = {} if model is None else read_json(model / CONFIG)
    label = path.resolve().name if loaded is None or model == path else loaded.driver.name
    return Side(label, str(given), loaded, folder, model, config)


def _results_file(path: Path) -> Path | None:
    """The results at the path, or in the one folder below a model's folder that has any."""
    if path.is_file():
        return path
    if (path / FILE_NAME).is_file():
        return path / FILE_NAME
    below = listed(path, f"*/{FILE_NAME}")
    if len(below) > 1:
        names = ", ".join(str(one.parent) for one in below[:5])
        raise InputError("compare", "", f"{path} holds results of {len(below)} evaluations", f"name one of {names}")
    return below[0] if below else None


def _model_of(results: Results | None, folder: Path | None) -> Path | None:
    """The folder of the model that results are about, where it is still there."""
    if results is None or folder is None or results.driver.controller != "model":
        return None
    facts = results.driver
    places = [*candidates(folder, facts.path, facts.given), models_folder() / facts.given]
    return next((place for place in places if (place / CONFIG).is_file()), None)
