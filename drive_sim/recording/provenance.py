"""Where an episode comes from, complete enough to build its world again without the scenario it was drawn from.

The road is stored once for all episodes on it, in ``roads/<digest>.npz``; all else is JSON. Drawing the same number of
the same scenario again gives the same world only as long as the scenario is not edited: a recording must outlive that.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any

import numba
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

import drive_sim
from drive_sim.base.errors import InputError
from drive_sim.base.json import checked, parse_json
from drive_sim.recording.lerobot.features import ACTOR_SLOTS
from drive_sim.recording.storage import replace_in_dataset
from drive_sim.world.roads.road import Boundary, Road

ROADS = "roads"


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", allow_inf_nan=False, strict=True)


class _RoadFacts(_Part):
    name: str
    digest: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]


class _Summary(_Part):
    distance: float
    events: list[str]
    controllers: list[str]


class _Provenance(_Part):
    """What lists, replays and training rely on; there is more."""

    scenario: str
    split: str
    number: int
    weather: str
    driver: str
    started: str
    complete: bool
    actor_slots: Annotated[int, Field(ge=0, le=ACTOR_SLOTS)]
    road: _RoadFacts
    episode: dict[str, Any]
    summary: _Summary


def versions() -> dict[str, str]:
    """The versions that a recording may depend on."""
    return {
        "drive_sim": drive_sim.__version__,
        "numpy": np.__version__,
        "numba": numba.__version__,
        "python": platform.python_version(),
    }


def describe_cameras(configs: Any) -> dict[str, Any]:
    """Camera configurations (dataclasses with a ``name``) as JSON values by name."""
    return {config.name: asdict(config) for config in configs}


def road_digest(road: Road) -> str:
    """16 hexadecimal digits that tell roads apart by all that they consist of."""
    digest = hashlib.sha256(_road_text(road).encode())
    for name, array in _road_arrays(road).items():
        digest.update(name.encode() + array.tobytes())
    return digest.hexdigest()[:16]


def store_road(root: Path, road: Road) -> str:
    """Put a road into dataset ``root`` unless it is there; its digest."""
    digest = road_digest(road)
    target = road_path(root, digest)
    if not target.exists():

        def write(path: Path) -> None:
            with path.open("wb") as file:
                arrays: dict[str, Any] = {"road": np.array(_road_text(road)), **_road_arrays(road)}
                np.savez_compressed(file, **arrays)

        replace_in_dataset(root, target, write)
    return digest


def road_path(root: Path, digest: str) -> Path:
    """Where a road of dataset ``root`` is stored."""
    return root / ROADS / f"{digest}.npz"


def load_road(root: Path, digest: str) -> Road:
    """The road with this digest; `InputError` when it is missing or damaged."""
    path = road_path(root, digest)
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files if name != "road"}
            values = json.loads(str(stored["road"]))
        boundaries = tuple(Boundary(**boundary) for boundary in values.pop("boundaries"))
        road = Road(**{name: _tuple(value) for name, value in values.items()}, **arrays, boundaries=boundaries)
    except FileNotFoundError:
        raise InputError(path, "", "is missing", "copy the whole dataset folder, roads/ included") from None
    except Exception as error:
        # Whatever the readers of ZIP, NumPy and JSON say of bytes that were altered: a dozen kinds of error.
        reason = str(error) or type(error).__name__
        raise InputError(path, "", f"cannot be read ({reason})", "copy it again, or drop its episodes") from error
    if road_digest(road) != digest:
        raise InputError(path, "", "is not the road that was recorded", "copy it again, or drop its episodes")
    return road


def provenance_of(root: Path, row: Mapping[str, Any]) -> dict[str, Any]:
    """The provenance in a row of ``meta/episodes``; InputError where it is not whole."""
    place = f"episode {row['episode_index']}: drive_sim/provenance"
    hint = "drop the episode (drive-sim data drop), or copy the file again"
    source = root / "meta/episodes"
    values = parse_json(row["drive_sim/provenance"], source, place, hint, constants=True)
    return check_provenance(values, source, place, hint)


def check_provenance(values: dict[str, Any], source: Path, field: str, hint: str) -> dict[str, Any]:
    """``values`` as they are; InputError about ``field`` of ``source`` unless they say what readers rely on."""
    checked(_Provenance, values, source, field, hint)
    return values


def _road_arrays(road: Road) -> dict[str, NDArray[Any]]:
    values = {f.name: getattr(road, f.name) for f in fields(Road)}
    return {name: np.ascontiguousarray(value) for name, value in values.items() if isinstance(value, np.ndarray)}


def _road_text(road: Road) -> str:
    values = {f.name: getattr(road, f.name) for f in fields(Road) if f.name != "boundaries"}
    plain = {name: value for name, value in values.items() if not isinstance(value, np.ndarray)}
    return json.dumps({**plain, "boundaries": [asdict(boundary) for boundary in road.boundaries]}, sort_keys=True)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
