"""Training views: every one rendered afresh from a recorded episode.

A recording keeps poses, actors and seeds, so a view can be taken from where the driver was *not*: shifted, turned,
in other weather. Behaviour comes from the driver, appearance from the simulator (`appearance`); nothing is warped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.compute.randomness import generator
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.learning.settings import ViewSettings
from drive_sim.learning.views.appearance import Appearances
from drive_sim.learning.views.episodes import ORIGINS, TRANSPLANTED, VISITED, SourceEpisode
from drive_sim.learning.views.labels import FUTURE_DELAYS, curvature_label
from drive_sim.learning.views.randomised import Randomised
from drive_sim.learning.views.strata import actors_from, change_points, stratum, weights
from drive_sim.learning.views.visible_objects import seen_in_columns
from drive_sim.sensors.camera.mosaic import mosaic, mosaic_size
from drive_sim.sensors.camera.rig import CameraFrames, CameraRig
from drive_sim.world.ego.vehicle import BMW_320I
from drive_sim.world.roads.road import stack_roads
from drive_sim.world.scenarios.episode import WeatherSpec, build_world, map_arrays
from drive_sim.world.state import State, World

Floats = NDArray[np.float64]
BLOCK = 256
"""Views rendered at once: what they need stays small."""


@dataclass(frozen=True, eq=False)
class Views:
    """n views with their labels."""

    images: NDArray[np.uint8]
    """(n, H, W, 3) RGB; the `mosaic` of its cameras' images, and of its moments, where there are several."""
    curvature: NDArray[np.float32]
    """(n) [1/m], positive left."""
    speed: NDArray[np.float32]
    """(n) [m/s]"""
    future: NDArray[np.float32]
    """(n, 3) curvature of the driven path 0.5, 1 and 1.5 s ahead [1/m]."""
    seen: NDArray[np.uint8]
    """(n, columns) nearest actor in each column of the network's last convolutions: 0 none, as `SEEN_CLASSES`."""
    slowest: NDArray[np.float32]
    """(n) lowest speed of the next two seconds [m/s]."""


class ViewSource:
    """Draws views from episodes: ``source.draw(count, "train", 7)`` is always the same for the same key."""

    def __init__(
        self,
        episodes: Sequence[SourceEpisode],
        rig: CameraRig,
        weathers: Sequence[WeatherSpec],
        settings: ViewSettings | None = None,
        network: NetworkSettings | None = None,
    ) -> None:
        if not episodes or not weathers:
            raise ValueError("at least one episode and one weather are needed")
        self.episodes, self.rig, self.settings = list(episodes), rig, settings or ViewSettings()
        self._network = network or NetworkSettings()
        self._columns = self._network.columns
        self._slots = max(episode.state.actor_x.shape[1] for episode in episodes)
        roads = list({id(episode.world.road): episode.world.road for episode in episodes}.values())
        number = {id(road): index for index, road in enumerate(roads)}
        self._roads = stack_roads(roads)
        worlds = [episode.world for episode in episodes]
        self._world = build_world(worlds, [number[id(each.road)] for each in worlds], self._slots)
        self._appearances = Appearances(weathers, worlds, self.settings)
        self._collect()

    def _collect(self) -> None:
        """Labels need whole episodes; the steps of all are then one long table, and their states one batch."""
        names = ("episode", "step", "s", "speed", "slowest", "stratum", "changing", "origin")
        tables: dict[str, list[Any]] = {name: [] for name in names}
        states: list[list[State]] = [[] for _ in range(self._network.frames)]
        for number, episode in enumerate(self.episodes):
            steps = episode.learnable()
            lag = self._network.frame_steps(episode.period)
            for back, moments in enumerate(states):
                moments.append(state_rows(episode.state, episode.before(steps, back * lag), self._slots))
            tables["episode"].append(np.full(len(steps), number))
            tables["step"].append(steps)
            tables["s"].append(episode.unwrapped_s[steps])
            tables["speed"].append(episode.target_speed[steps])
            tables["slowest"].append(episode.slowest[steps])
            tables["stratum"].append(stratum(episode)[steps])
            tables["changing"].append(change_points(episode)[steps])
            tables["origin"].append(np.full(len(steps), ORIGINS.index(episode.origin)))
        self._table = {key: np.concatenate(parts) for key, parts in tables.items()}
        joined = [State(*(np.concatenate(parts) for parts in zip(*moments, strict=True))) for moments in states]
        self._states, self._earlier = joined[0], joined[1:]
        if not len(self):
            raise InputError(
                "dataset", "", "has no step to learn from", "record episodes without failures, over 5 s each"
            )
        shares = {TRANSPLANTED: self.settings.transplanted, VISITED: self.settings.visited}
        by_number = {ORIGINS.index(origin): share for origin, share in shares.items()}
        kinds, origins, changing = (self._table[name] for name in ("stratum", "origin", "changing"))
        self._cumulative = np.cumsum(weights(kinds, origins, by_number, changing, self.settings.change_points))

    def __len__(self) -> int:
        """Number of recorded moments that views are drawn from."""
        return len(self._table["episode"])

    def draw(self, count: int, *key: object) -> Views:
        """``count`` views; the key (any printable parts) decides everything."""
        rng = generator("views", *key)
        rows = np.searchsorted(self._cumulative, rng.random(count) * self._cumulative[-1], side="right")
        rows = np.minimum(rows, len(self) - 1)
        episode = self._table["episode"][rows]
        state = map_arrays(self._states, lambda array: array[rows])
        shift, turn = self._perturbation(rng, episode, state)
        curvature, future = self._labels(rows, state, shift, turn)
        world: World = map_arrays(self._world, lambda array: array[episode])
        world, moved = self._appearances.natural(rng, world, shifted(state, shift, turn))
        earlier = [map_arrays(states, lambda array: array[rows]) for states in self._earlier]
        moments = [moved, *(displaced(before, state, moved) for before in earlier)]
        looks = self._appearances.randomised(key, self._roads, world, len(self._columns))
        images, seen = self._render(looks, world, moments)
        return Views(
            images,
            curvature.astype(np.float32),
            self._table["speed"][rows].astype(np.float32),
            future.astype(np.float32),
            seen,
            self._table["slowest"][rows].astype(np.float32),
        )

    def _render(
        self, randomised: Randomised, world: World, moments: Sequence[State]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Images and who is seen in them, as `Views` has them, of the worlds and moments of n views."""
        count, sizes = len(world.seed), [(one.height, one.width) for one in self.rig.configs] * len(moments)
        images = np.zeros((count, *mosaic_size(sizes), 3), np.uint8)
        seen = np.zeros((count, sum(len(middles) for middles, _ in self._columns)), np.uint8)
        for start in range(0, count, BLOCK):
            for roads, rows in randomised.parts(np.arange(start, min(start + BLOCK, count))):
                there, *then = (map_arrays(whole, lambda array, rows=rows: array[rows]) for whole in (world, *moments))
                shown: list[CameraFrames] = []
                for moment, state in enumerate(then):
                    # Who is seen is asked of the present alone.
                    layers = ("rgb",) if moment else ("rgb", "semantic", "depth")
                    frames = self.rig.render_each("cpu", roads, there, state, layers).values()
                    for camera, frame in enumerate(frames):
                        randomised.affect(camera, frame.rgb, rows)
                    shown += frames
                images[rows] = mosaic([frame.rgb for frame in shown])
                parts = zip(shown, self._columns, strict=False)
                seen[rows] = np.concatenate([seen_in_columns(f.semantic, f.depth, *where) for f, where in parts], 1)
        return images, seen

    def _perturbation(
        self, rng: np.random.Generator, episode: NDArray[np.int64], state: State
    ) -> tuple[Floats, Floats]:
        """Shift [m] and turn [rad] of each view: none where it would leave the pavement or touch an actor."""
        settings, count = self.settings, len(episode)
        shift = np.clip(rng.normal(0.0, settings.offset_sigma, count), -settings.offset_max, settings.offset_max)
        sigma = settings.yaw_sigma * np.clip(12.0 / np.maximum(state.speed, 1.0), 0.3, 1.0)
        turn = np.clip(rng.normal(0.0, 1.0, count), -3.0, 3.0) * sigma
        keep = rng.random(count) < settings.unperturbed
        roads, road = self._roads, self._world.road[episode]
        element = roads.element_start[road] + np.maximum(state.element, 0)
        low = np.minimum(-roads.paved_right[element] + BMW_320I.width / 2, state.d)
        high = np.maximum(roads.paved_left[element] - BMW_320I.width / 2, state.d)
        shift = np.clip(state.d + shift, low, high) - state.d
        keep |= self._touches(episode, state, shift)
        shift[keep] = turn[keep] = 0.0
        return shift, turn

    def _touches(self, episode: NDArray[np.int64], state: State, shift: Floats) -> NDArray[np.bool_]:
        """Which views (n) would stand in or right beside another road user."""
        actors = self._world.actors
        along, across = actors_from(state, state.yaw - state.heading_error)
        return np.asarray(
            (
                (actors.kind[episode] > 0)
                & (np.abs(along) < (actors.length[episode] + BMW_320I.length) / 2 + 1.0)
                & (np.abs(across - shift[:, None]) < (actors.width[episode] + BMW_320I.width) / 2 + 0.3)
            ).any(1)
        )

    def _labels(self, rows: NDArray[np.int64], state: State, shift: Floats, turn: Floats) -> tuple[Floats, Floats]:
        """Curvature labels (n) and auxiliary ones (n, 3) [1/m] of ``rows`` of the table, shifted and turned."""
        episode, step, s = (self._table[key][rows] for key in ("episode", "step", "s"))
        curvature, future = np.zeros(len(episode)), np.zeros((len(episode), len(FUTURE_DELAYS)))
        for number in np.unique(episode):
            mine = np.flatnonzero(episode == number)
            path = self.episodes[number].path.of_steps(step[mine])
            view = (s[mine], state.d[mine] + shift[mine], state.heading_error[mine] + turn[mine], state.speed[mine])
            curvature[mine] = curvature_label(path, *view)
            for index, delay in enumerate(FUTURE_DELAYS):
                future[mine, index] = curvature_label(path, *view, delay=delay)
        return curvature, future


def shifted(state: State, shift: Floats, turn: Floats) -> State:
    """The states (n) ``shift`` [m] further left and turned by ``turn`` [rad]."""
    heading = state.yaw - state.heading_error
    return state._replace(
        x=state.x - shift * np.sin(heading),
        y=state.y + shift * np.cos(heading),
        yaw=state.yaw + turn,
        d=state.d + shift,
        heading_error=state.heading_error + turn,
    )


def state_rows(state: State, steps: NDArray[np.int64], slots: int) -> State:
    """The chosen rows of a state, its actors filled up with empty ones."""

    def pad(name: str, array: Any) -> Any:
        missing = slots - array.shape[1] if name.startswith("actor_") else 0
        return np.pad(array, ((0, 0), (0, missing))) if missing else array

    return State(*(pad(name, array[steps]) for name, array in zip(State._fields, state, strict=True)))


def displaced(earlier: State, recorded: State, seen: State) -> State:
    """Earlier states (n), displaced as the recorded present is to where it is seen from.

    The whole past moves like a rigid body. So what lies between the moments stays the motion that was driven; were the
    present displaced alone, the jump to it would tell how far, and the way back would be learnt from that jump, which
    no car at the wheel makes.
    """
    turn = seen.yaw - recorded.yaw
    cos, sin = np.cos(turn), np.sin(turn)
    dx, dy = earlier.x - recorded.x, earlier.y - recorded.y
    return earlier._replace(
        x=seen.x + cos * dx - sin * dy,
        y=seen.y + sin * dx + cos * dy,
        yaw=earlier.yaw + turn,
        pitch=earlier.pitch + (seen.pitch - recorded.pitch),
        roll=earlier.roll + (seen.roll - recorded.roll),
    )
