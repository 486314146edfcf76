"""What a recorded step consists of: the columns of the dataset, their types, and how they hold a `State`.

A step is the truth and the observation at one moment, together with the action that was then taken. The truth columns
hold *every* field of `State`, so that the worlds of a recording can be restored exactly and rendered again.

Commands of single controllers are called ``command.<controller>`` and not ``action.<controller>``: LeRobot takes
every feature whose name begins with "action" for something a policy has to predict. A step's ``controller`` is the
place of the driver's in the list of controllers in ``meta/info.json``, its ``commands_given`` a mask of 1 << place of
those in `CONTROLLERS`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.world.state import State, empty_state

CONTROLLERS = ("human", "human-model", "expert", "classical", "model")
"""The controllers whose commands have columns, and the first of those that a dataset lists; `Driver.controller`."""

ACTOR_SLOTS = 32
"""Actor slots in a dataset; every row has as many, empty ones are zero, so that all episodes share one shape."""

STATE_FIELDS = ("speed", "steering", "yaw_rate", "acceleration_x", "acceleration_y")
"""Fields of `State` that make ``observation.state``: m/s, rad, rad/s, m/s², m/s²."""

TRUTH_FIELDS: dict[str, tuple[str, ...]] = {
    "truth.pose": ("x", "y", "yaw"),
    "truth.road": ("s", "d", "heading_error", "curvature"),
    "truth.dynamics": (
        "time",
        "speed",
        "yaw_rate",
        "slip_angle",
        "steering",
        "drive",
        "acceleration_x",
        "acceleration_y",
        "pitch",
        "roll",
        "progress",
        "odometer",
        "stalled_for",
        "gap",
        "time_to_collision",
    ),
    "truth.counters": ("step", "element", "events", "events_ever", "done", "hit_actor", "interventions"),
}
"""Fields of `State` with one number a world, by the column that holds them; units as `State`, which see."""

ACTOR_FIELDS: dict[str, tuple[str, ...]] = {
    "truth.actors": ("actor_x", "actor_y", "actor_yaw", "actor_speed", "actor_phase"),
    "truth.actor_dynamics": (
        "actor_acceleration",
        "actor_s",
        "actor_d",
        "actor_lateral_speed",
        "actor_timer",
    ),
}
"""Fields of `State` with one number an actor; a column holds `ACTOR_SLOTS` times five numbers, slot by slot."""

INDEX_FEATURES = ("timestamp", "frame_index", "episode_index", "index", "task_index")
"""What LeRobot itself puts into every row; filled in when an episode enters a dataset."""

OBSERVATION_PREFIX = "observation."
IMAGE_PREFIX = "observation.images."

LARGEST_COLUMN = 10_000
"""So many numbers a step at most in one column."""


class Reading(NamedTuple):
    """What a sensor of another package reads at one step of one world."""

    dtype: str
    """float32, float64 or int64."""
    shape: tuple[int, ...]
    """Its column ``observation.<sensor>`` holds as many numbers in one row, the last index running fastest."""


def reading_of(sensor: str, readings: Any) -> Reading:
    """How a sensor's readings, (B, ...) at one step, are recorded.

    Raises
    ------
    InputError
        They are no numbers or too many, or the sensor has a name that no column can have.
    """
    dtype, shape = np.dtype(readings.dtype), tuple(int(size) for size in readings.shape[1:])
    kept = {"b": "int64", "i": "int64", "u": "int64", "f": "float64" if dtype.itemsize > 4 else "float32"}
    hint = "leave it out of the recorder's readings"
    if dtype.kind not in kept:
        raise InputError(f"sensor {sensor}", "", f"reads {dtype}, which a dataset cannot hold", hint)
    if not 1 <= math.prod(shape) <= LARGEST_COLUMN:
        problem = f"reads {math.prod(shape)} numbers a step, a dataset holds 1 to {LARGEST_COLUMN}"
        raise InputError(f"sensor {sensor}", "", problem, hint)
    if "/" in sensor or sensor in ("state", "images") or sensor.startswith("images."):
        raise InputError(f"sensor {sensor}", "", f"no column can be named {OBSERVATION_PREFIX}{sensor}", hint)
    return Reading(kept[dtype.kind], shape)


def _feature(dtype: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [len(names)], "names": list(names)}


def _scalar(dtype: str) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [1], "names": None}


def features_of(
    cameras: Mapping[str, tuple[int, int]], readings: Mapping[str, Reading] | None = None
) -> dict[str, dict[str, Any]]:
    """The ``features`` of ``meta/info.json``.

    Parameters
    ----------
    cameras
        Height and width [pixel] by name.
    readings
        Of sensors that other packages add, by name.
    """
    features: dict[str, dict[str, Any]] = {
        f"{IMAGE_PREFIX}{name}": {
            "dtype": "image",
            "shape": [height, width, 3],
            "names": ["height", "width", "channels"],
        }
        for name, (height, width) in cameras.items()
    }
    command = ("steering", "acceleration")
    features["observation.state"] = _feature("float32", STATE_FIELDS)
    features |= {
        f"{OBSERVATION_PREFIX}{name}": {"dtype": dtype, "shape": [math.prod(shape)], "names": None}
        for name, (dtype, shape) in (readings or {}).items()
    }
    features["action"] = _feature("float32", command)
    features["controller"] = _scalar("int64")
    features |= {f"command.{name}": _feature("float32", command) for name in CONTROLLERS}
    features["commands_given"] = _scalar("int64")
    features["events"] = _scalar("int64")
    features["wall_time"] = _scalar("float64")
    for column, fields in TRUTH_FIELDS.items():
        features[column] = _feature("int64" if column == "truth.counters" else "float64", fields)
    features["truth.last_action"] = _feature("float32", command)
    for column, fields in ACTOR_FIELDS.items():
        names = tuple(f"{slot}.{field.removeprefix('actor_')}" for slot in range(ACTOR_SLOTS) for field in fields)
        features[column] = _feature("float64", names)
    features["timestamp"] = _scalar("float32")
    features |= {name: _scalar("int64") for name in INDEX_FEATURES[1:]}
    return features


def camera_shapes(features: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Height and width [pixel] of the cameras among ``features``, by name."""
    return {
        key.removeprefix(IMAGE_PREFIX): (int(feature["shape"][0]), int(feature["shape"][1]))
        for key, feature in features.items()
        if feature["dtype"] == "image"
    }


def recorded_readings(info: Mapping[str, Any]) -> dict[str, Reading]:
    """Readings that the dataset with this ``info.json`` holds, by name of the sensor."""
    return {
        name: Reading(info["features"][f"{OBSERVATION_PREFIX}{name}"]["dtype"], tuple(shape))
        for name, shape in info["drive_sim"].get("readings", {}).items()
    }


def readings_column(readings: NDArray[Any]) -> list[Any]:
    """Readings (B, ...) as JSON values, one for each world: a number, or a flat list of them."""
    rows = readings.reshape(len(readings), -1)
    return rows[:, 0].tolist() if rows.shape[1] == 1 else rows.tolist()


def truth_of(state: State) -> dict[str, list[Any]]:
    """The truth columns and ``observation.state`` of a host-side `State`: a value, or a list of them, for each world.

    Actor columns hold only the slots that ``state`` has; `widen` fills them up.
    """
    fields_of = {**TRUTH_FIELDS, "observation.state": STATE_FIELDS}
    rows: dict[str, list[Any]] = {
        column: np.stack([getattr(state, field) for field in fields], 1).tolist()
        for column, fields in fields_of.items()
    }
    rows["truth.last_action"] = state.action.tolist()
    for column, fields in ACTOR_FIELDS.items():
        table = np.stack([getattr(state, field) for field in fields], 2)
        rows[column] = table.reshape(len(table), -1).tolist()
    return rows


def widen(column: str, rows: NDArray[Any]) -> NDArray[Any]:
    """Rows of an actor column filled with zeros up to `ACTOR_SLOTS`; rows of other columns as they are."""
    if column not in ACTOR_FIELDS:
        return rows
    width = ACTOR_SLOTS * len(ACTOR_FIELDS[column])
    return np.pad(rows, ((0, 0), (0, width - rows.shape[1])))


def state_of(columns: Mapping[str, NDArray[Any]]) -> State:
    """A `State` with one world for each recorded step, exactly as the simulator had it at that moment.

    Parameters
    ----------
    columns
        Truth columns of T steps, as `Dataset.episode` gives them; actor columns are (T, N, 5).
    """
    count = len(columns["truth.pose"])
    state = empty_state(count, columns["truth.actors"].shape[1])
    for column, fields in TRUTH_FIELDS.items():
        for position, field in enumerate(fields):
            getattr(state, field)[:] = columns[column][:, position]
    state.action[:] = columns["truth.last_action"]
    for column, fields in ACTOR_FIELDS.items():
        for position, field in enumerate(fields):
            getattr(state, field)[:] = columns[column][:, :, position]
    return state


def has_statistics(column: str) -> bool:
    """Whether statistics are kept of a column: an actor column mixes different things in one place."""
    return column not in ACTOR_FIELDS
