"""Where an episode comes from, complete enough to build its world again without the scenario it was drawn from.

The road is stored once for all episodes on it, in ``roads/<digest>.npz``; all else is JSON. Drawing the same number of
the same scenario again gives the same world only as long as nobody edits the scenario: a recording must outlive that.
"""

from __future__ import annotations

import hashlib
import json
import platform
import zipfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

import drive_sim
from drive_sim.base.errors import InputError
from drive_sim.recording.storage import replace_in_dataset
from drive_sim.world.roads.road import Boundary, Road
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec

ROADS = "roads"


def versions() -> dict[str, str]:
    """The versions that a recording may depend on."""
    return {
        "drive_sim": drive_sim.__version__,
        "numpy": np.__version__,
        "numba": numba.__version__,
        "python": platform.python_version(),
    }


def describe_episode(episode: Episode) -> dict[str, Any]:
    """All of an `Episode` but its road, as JSON values; `load_episode` is the inverse."""
    values = {f.name: getattr(episode, f.name) for f in fields(Episode) if f.name not in ("road", "weather", "actors")}
    return {**values, "weather": asdict(episode.weather), "actors": [asdict(actor) for actor in episode.actors]}


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
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(path, "", f"cannot be read ({error})", "copy it again, or drop its episodes") from error
    if road_digest(road) != digest:
        raise InputError(path, "", "is not the road that was recorded", "copy it again, or drop its episodes")
    return road


def load_episode(source: Path, road: Road, values: dict[str, Any]) -> Episode:
    """The `Episode` that `describe_episode` made ``values`` of, on its road.

    Raises
    ------
    InputError
        A field is unknown or missing: ``source`` was written by another version.
    """
    try:
        rest = {name: value for name, value in values.items() if name not in ("weather", "actors")}
        weather = WeatherSpec(**{name: _tuple(value) for name, value in values["weather"].items()})
        actors = tuple(ActorSpec(**{n: _tuple(v) for n, v in actor.items()}) for actor in values["actors"])
        return Episode(**rest, road=road, weather=weather, actors=actors)
    except (KeyError, TypeError) as error:
        raise InputError(
            source, "episode", f"does not fit this version ({error})", "use the drive_sim that recorded it"
        ) from error


def _road_arrays(road: Road) -> dict[str, NDArray[Any]]:
    values = {f.name: getattr(road, f.name) for f in fields(Road)}
    return {name: np.ascontiguousarray(value) for name, value in values.items() if isinstance(value, np.ndarray)}


def _road_text(road: Road) -> str:
    values = {f.name: getattr(road, f.name) for f in fields(Road) if f.name != "boundaries"}
    plain = {name: value for name, value in values.items() if not isinstance(value, np.ndarray)}
    return json.dumps({**plain, "boundaries": [asdict(boundary) for boundary in road.boundaries]}, sort_keys=True)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
