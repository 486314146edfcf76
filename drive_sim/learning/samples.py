"""Training views: every one rendered afresh from a recorded drive.

A recording keeps poses, actors and seeds, so a view can be taken from where the driver was *not*: shifted, turned,
in other weather. Behaviour comes from the driver, appearance from the simulator; nothing is warped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.learning.labels import DrivenPath, curvature_label, speed_label, usable
from drive_sim.randomness import generator
from drive_sim.sensors.camera import CameraRig
from drive_sim.world.episode import Episode, WeatherSpec, build_world, map_arrays, weather_arrays
from drive_sim.world.road import stack_roads
from drive_sim.world.state import (
    EVENT_COLLISION,
    EVENT_OFF_ROAD,
    EVENT_STALL,
    EVENT_WRONG_WAY,
    State,
    World,
    empty_state,
)

Floats = NDArray[np.float64]
FAILURES = EVENT_COLLISION | EVENT_OFF_ROAD | EVENT_STALL | EVENT_WRONG_WAY
EGO_LENGTH, EGO_WIDTH = 4.6, 1.8
NEAR = 60.0
"""An actor this far ahead, near the ego's lane, makes a view one of the obstacle stratum [m]."""


@dataclass(frozen=True, eq=False)
class Drive:
    """One recorded episode as learning needs it: T steps sampled every ``period`` [s]."""

    episode: Episode
    period: float
    pose: Floats
    """(T, 3) x [m], y [m], yaw [rad]."""
    road: Floats
    """(T, 4) s [m], d [m], heading error [rad], curvature [1/m]."""
    speed: Floats
    """(T) [m/s]"""
    acceleration: Floats
    """(T) longitudinal [m/s²]."""
    actors: Floats
    """(T, N, 5) x [m], y [m], yaw [rad], speed [m/s], acceleration [m/s²]."""
    events: NDArray[np.uint32]
    """(T) bit mask."""


@dataclass(frozen=True)
class ViewSettings:
    """How views are drawn."""

    offset_sigma: float = 0.5
    """Lateral shift of a view [m]."""
    offset_max: float = 1.6
    yaw_sigma: float = 0.087
    """Turn of a view at walking and town speed [rad]; less when fast, where such angles do not occur."""
    unperturbed: float = 0.25
    """Share of views taken exactly where the driver was."""
    redrawn_weather: float = 0.6
    """Share of views in weather other than the recording's."""
    body_sigma: float = 0.008
    """Pitch and roll of the body [rad], standing in for braking, bumps and a camera that was mounted anew."""


@dataclass(frozen=True, eq=False)
class Views:
    """n views with their labels."""

    pictures: NDArray[np.uint8]
    """(n, H, W, 3) RGB."""
    curvature: NDArray[np.float32]
    """(n) [1/m], positive left."""
    speed: NDArray[np.float32]
    """(n) [m/s]"""
    future: NDArray[np.float32]
    """(n, 3) curvature of the driven path 0.5, 1 and 1.5 s ahead [1/m]."""


class ViewSource:
    """Draws views from drives: ``source.draw(count, "train", 7)`` is always the same for the same key."""

    def __init__(
        self,
        drives: Sequence[Drive],
        rig: CameraRig,
        weathers: Sequence[WeatherSpec],
        settings: ViewSettings | None = None,
    ) -> None:
        if not drives:
            raise ValueError("at least one drive is needed")
        self.drives, self.rig, self.settings = list(drives), rig, settings or ViewSettings()
        self._slots = max(drive.actors.shape[1] for drive in drives)
        roads = list({id(drive.episode.road): drive.episode.road for drive in drives}.values())
        number = {id(road): index for index, road in enumerate(roads)}
        self._roads = stack_roads(roads)
        episodes = [drive.episode for drive in drives]
        self._world = build_world(episodes, [number[id(e.road)] for e in episodes], self._slots)
        self._weathers = weather_arrays(list(weathers)) if weathers else None
        self._collect()

    def _collect(self) -> None:
        """Labels need whole drives; frames from all of them are then one long table."""
        tables: dict[str, list[Any]] = {key: [] for key in ("drive", "step", "s", "speed_label", "weight_class")}
        self._paths: list[DrivenPath] = []
        for number, drive in enumerate(self.drives):
            s = drive.road[:, 0]
            if drive.episode.road.closed:
                s = np.unwrap(s, period=drive.episode.road.length)
            self._paths.append(DrivenPath.fit(drive.episode.road, s, drive.road[:, 1]))
            good = usable(drive.events, FAILURES, before=round(3.0 / drive.period), after=round(1.0 / drive.period))
            # The last second has no future to learn from.
            good[max(0, len(good) - round(1.0 / drive.period)) :] = False
            steps = np.flatnonzero(good)
            tables["drive"].append(np.full(len(steps), number))
            tables["step"].append(steps)
            tables["s"].append(s[steps])
            tables["speed_label"].append(speed_label(drive.speed, drive.period)[steps])
            tables["weight_class"].append(self._stratum(drive)[steps])
        self._table = {key: np.concatenate(parts) for key, parts in tables.items()}
        if not len(self._table["step"]):
            raise ValueError("no usable step in these drives")
        counts = np.bincount(self._table["weight_class"])
        weight = 1.0 / np.sqrt(counts[self._table["weight_class"]])
        self._cumulative = np.cumsum(weight / weight.sum())

    @staticmethod
    def _stratum(drive: Drive) -> NDArray[np.int64]:
        """Which kind of moment each step is: how bent the road, whether something is near, whether the car stands."""
        bend = np.digitize(np.abs(drive.road[:, 3]), [0.002, 0.01, 0.03])
        present = np.zeros(drive.actors.shape[1], bool)
        present[: len(drive.episode.actors)] = True
        away = drive.actors[:, :, :2] - drive.pose[:, None, :2]
        cos, sin = np.cos(drive.pose[:, 2])[:, None], np.sin(drive.pose[:, 2])[:, None]
        forward = cos * away[..., 0] + sin * away[..., 1]
        left = cos * away[..., 1] - sin * away[..., 0]
        near = (present & (forward > -5.0) & (forward < NEAR) & (np.abs(left) < 5.0)).any(1)
        slow = np.digitize(drive.speed, [1.0, 8.0])
        return np.asarray((bend * 2 + near) * 3 + slow)

    def __len__(self) -> int:
        """Number of recorded moments that views are drawn from."""
        return len(self._table["step"])

    def draw(self, count: int, *key: object) -> Views:
        """``count`` views; the key (any printable parts) decides everything."""
        rng = generator("views", *key)
        rows = np.searchsorted(self._cumulative, rng.random(count) * self._cumulative[-1], side="right")
        rows = np.minimum(rows, len(self) - 1)
        order = np.argsort(self._table["drive"][rows], kind="stable")
        rows = rows[order]
        drive, step = self._table["drive"][rows], self._table["step"][rows]
        shift, turn = self._perturbation(rng, drive, step)
        world, state = self._place(rng, drive, step, shift, turn)
        frames = self.rig.render("cpu", self._roads, world, state, ("rgb",))
        curvature, future = self._labels(drive, step, self._table["s"][rows], shift, turn)
        mix = rng.permutation(count)
        return Views(
            np.ascontiguousarray(frames.rgb[mix, 0]),
            curvature[mix].astype(np.float32),
            self._table["speed_label"][rows][mix].astype(np.float32),
            future[mix].astype(np.float32),
        )

    def _gather(self, name: str, drive: NDArray[np.int64], step: NDArray[np.int64]) -> Floats:
        """Rows of an array of the drives, (n, ...), for drives in ascending order."""
        parts = []
        for number in np.unique(drive):
            array = getattr(self.drives[number], name)[step[drive == number]]
            if name == "actors" and array.shape[1] < self._slots:
                array = np.pad(array, ((0, 0), (0, self._slots - array.shape[1]), (0, 0)))
            parts.append(array)
        return np.concatenate(parts)

    def _perturbation(
        self, rng: np.random.Generator, drive: NDArray[np.int64], step: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        """Shift [m] and turn [rad] of each view: none where it would leave the pavement or touch somebody."""
        settings, count = self.settings, len(drive)
        limit = settings.offset_max
        shift = np.clip(rng.normal(0.0, settings.offset_sigma, count), -limit, limit)
        speed = self._gather("speed", drive, step)
        sigma = settings.yaw_sigma * np.clip(12.0 / np.maximum(speed, 1.0), 0.3, 1.0)
        turn = np.clip(rng.normal(0.0, 1.0, count), -3.0, 3.0) * sigma
        keep = rng.random(count) < settings.unperturbed
        shift[keep] = turn[keep] = 0.0
        road, pose, actors = (self._gather(name, drive, step) for name in ("road", "pose", "actors"))
        for number in np.unique(drive):
            mine = drive == number
            line = self.drives[number].episode.road
            element = np.clip((road[mine, 0] / line.step).astype(int), 0, len(line.x) - 1)
            low = np.minimum(-line.paved_right[element] + EGO_WIDTH / 2, road[mine, 1])
            high = np.maximum(line.paved_left[element] - EGO_WIDTH / 2, road[mine, 1])
            shift[mine] = np.clip(road[mine, 1] + shift[mine], low, high) - road[mine, 1]
        kinds = self._world.actors
        heading = pose[:, 2] - road[:, 2]
        away = actors[:, :, :2] - pose[:, None, :2]
        along = np.cos(heading)[:, None] * away[..., 0] + np.sin(heading)[:, None] * away[..., 1]
        across = np.cos(heading)[:, None] * away[..., 1] - np.sin(heading)[:, None] * away[..., 0]
        touches = (
            (kinds.kind[drive] > 0)
            & (np.abs(along) < (kinds.length[drive] + EGO_LENGTH) / 2 + 1.0)
            & (np.abs(across - shift[:, None]) < (kinds.width[drive] + EGO_WIDTH) / 2 + 0.3)
        ).any(1)
        shift[touches] = turn[touches] = 0.0
        return shift, turn

    def _place(
        self,
        rng: np.random.Generator,
        drive: NDArray[np.int64],
        step: NDArray[np.int64],
        shift: Floats,
        turn: Floats,
    ) -> tuple[World, State]:
        """A world a view: the recorded one, seen from the shifted and turned pose."""
        count = len(drive)
        world: World = map_arrays(self._world, lambda array: array[drive])
        if self._weathers is not None:
            redrawn = np.flatnonzero(rng.random(count) < self.settings.redrawn_weather)
            pick = rng.integers(0, len(self._weathers.friction), len(redrawn))
            for mine, pool in zip(world.weather, self._weathers, strict=True):
                mine[redrawn] = pool[pick]
        world = world._replace(seed=rng.integers(0, 1 << 62, count))
        road, pose, actors = (self._gather(name, drive, step) for name in ("road", "pose", "actors"))
        state = empty_state(count, self._slots)
        heading = pose[:, 2] - road[:, 2]
        state.x[:] = pose[:, 0] - shift * np.sin(heading)
        state.y[:] = pose[:, 1] + shift * np.cos(heading)
        state.yaw[:] = pose[:, 2] + turn
        state.speed[:] = self._gather("speed", drive, step)
        state.s[:], state.d[:] = road[:, 0], road[:, 1] + shift
        state.step[:] = step
        state.acceleration_x[:] = self._gather("acceleration", drive, step)
        state.pitch[:] = rng.normal(0.0, self.settings.body_sigma, count)
        state.roll[:] = rng.normal(0.0, self.settings.body_sigma, count)
        for index, name in enumerate(("x", "y", "yaw", "speed", "acceleration")):
            getattr(state, f"actor_{name}")[:] = actors[:, :, index]
        return world, state

    def _labels(
        self, drive: NDArray[np.int64], step: NDArray[np.int64], s: Floats, shift: Floats, turn: Floats
    ) -> tuple[Floats, Floats]:
        """Curvature labels (n) and auxiliary ones (n, 3) [1/m]."""
        curvature, future = np.zeros(len(drive)), np.zeros((len(drive), 3))
        for number in np.unique(drive):
            mine = np.flatnonzero(drive == number)
            recorded = self.drives[number]
            at, rows = step[mine], recorded.road[step[mine]]
            view = (s[mine], rows[:, 1] + shift[mine], rows[:, 2] + turn[mine], recorded.speed[at])
            curvature[mine] = curvature_label(self._paths[number], *view)
            for index in range(3):
                future[mine, index] = curvature_label(self._paths[number], *view, delay=0.5 * (index + 1))
        return curvature, future
