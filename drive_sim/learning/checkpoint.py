"""The checkpoint that a killed training run resumes from: believed only as far as it fits the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BaseModel, Field
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save

from drive_sim.base.errors import InputError
from drive_sim.base.files import replace_file
from drive_sim.base.json import checked, parse_json
from drive_sim.learning.learner import Learner
from drive_sim.learning.recipe import Recipe
from drive_sim.learning.settings import TrainingSettings

START_ANEW = "train without --resume"
"""The hint for a checkpoint that cannot be used."""
FILE_NAME = "checkpoint.safetensors"


def save_checkpoint(folder: Path, learner: Learner, progress: dict[str, Any]) -> None:
    """Write the learner and ``progress`` (JSON values) into ``folder``; complete before it gets its name."""
    folder.mkdir(parents=True, exist_ok=True)
    # As for a model's weights, the umask decides who may read it.
    replace_file(folder / FILE_NAME, save(learner.tensors(), {"progress": json.dumps(progress)}))


def load_checkpoint(folder: Path, learner: Learner, settings: TrainingSettings) -> dict[str, Any]:
    """Restore the learner from ``folder``; what was saved with it. InputError if that cannot be resumed."""
    path = folder / FILE_NAME
    try:
        with _opened(path) as file:
            progress = _progress(path, file)
            _check_settings(path, TrainingSettings.from_dict(progress["settings"], path), settings)
            _check_source(path, progress.get("source"), learner)
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            _check_shapes(path, shapes, learner)
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(path, "", f"cannot be read ({error})", START_ANEW) from None
    if not 0 <= progress["chunk"] <= settings.chunks:
        raise InputError(path, "progress.chunk", f"is {progress['chunk']} of {settings.chunks}", START_ANEW)
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise InputError(path, name, "is not finite", START_ANEW)
    learner.restore(tensors)
    return progress


def checkpoint_recipe(folder: Path) -> Recipe:
    """The recipe of the training run whose checkpoint ``folder`` holds. InputError if that cannot be resumed."""
    path = folder / FILE_NAME
    try:
        with _opened(path) as file:
            progress = _progress(path, file)
    except (SafetensorError, OSError) as error:
        raise InputError(path, "", f"cannot be read ({error})", START_ANEW) from None
    return Recipe(TrainingSettings.from_dict(progress["settings"], path), **(progress.get("recipe") or {}))


class _RecipeName(BaseModel, extra="forbid"):
    """What `Recipe.provenance` gives."""

    name: str
    changes: dict[str, Any]


class _Round(BaseModel):
    """What is needed of an on-policy round to go on after it."""

    sha256: str


class _Progress(BaseModel):
    """What is saved beside the tensors."""

    settings: dict[str, Any]
    chunk: Annotated[int, Field(strict=True)]
    best: dict[str, Annotated[float, Field(allow_inf_nan=False)]] | None
    recipe: _RecipeName | None = None
    rounds: list[_Round] = []


def _opened(path: Path) -> Any:
    """The checkpoint's file, to be used in a ``with`` block; InputError where there is none."""
    if not path.is_file():
        raise InputError(path, "", "there is no checkpoint to resume from", START_ANEW)
    return safe_open(path, "pt")


def _progress(path: Path, file: Any) -> dict[str, Any]:
    """What was saved beside the tensors of an opened checkpoint, as it was saved."""
    progress = parse_json((file.metadata() or {}).get("progress", ""), path, "progress", START_ANEW)
    checked(_Progress, progress, path, "progress", START_ANEW)
    return progress


def _check_settings(path: Path, saved: TrainingSettings, settings: TrainingSettings) -> None:
    for name, value in settings.to_dict().items():
        before = saved.to_dict()[name]
        if before != value:
            raise InputError(path, name, f"was {before!r}, now {value!r}", "resume with the same settings")


def _check_source(path: Path, saved: Any, learner: Learner) -> None:
    """InputError if the file of the user's own network is not what the run began with."""
    origin = learner.network.origin
    if saved != (origin and origin.sha256):
        name = origin.file if origin else learner.settings.network.name
        raise InputError(path, "source", f"{name} has changed since the run began", f"restore it, or {START_ANEW}")


def _check_shapes(path: Path, shapes: dict[str, tuple[int, ...]], learner: Learner) -> None:
    """InputError unless the tensors are those of this network and of its optimiser after some steps."""
    wanted = {name: tuple(tensor.shape) for name, tensor in learner.tensors().items()}
    for number, parameter in enumerate(learner.network.parameters()):
        shape = tuple(parameter.shape)
        moments = {"step": (), "exp_avg": shape, "exp_avg_sq": shape}
        wanted |= {f"optimizer.{number}.{name}": value for name, value in moments.items()}
    for name in sorted(wanted.keys() | shapes.keys()):
        if shapes.get(name) != wanted.get(name):
            problem = f"is {shapes.get(name, 'missing')}, the network has {wanted.get(name, 'no such tensor')}"
            raise InputError(path, name, problem, START_ANEW)
