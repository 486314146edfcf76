"""Worst episodes, driven again alone: the same drive to the bit, this time with its log kept and its end filmed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from drive_sim.evaluation.estimates import EpisodeScore
from drive_sim.evaluation.log import EpisodeLog, RolloutLog
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.metrics.obstacles import OBSTACLE_METRICS
from drive_sim.evaluation.trace import Moment
from drive_sim.evaluation.video import MAP_SIZE, Caption, Shot, compose, encode, jpeg, room_in_lane
from drive_sim.evaluation.video_drawing import Picture
from drive_sim.evaluation.video_traces import CommandTraces
from drive_sim.kernel import to_host
from drive_sim.progress import Report
from drive_sim.rollout import Observer, Step, run
from drive_sim.sensors.camera import CameraConfig, CameraRig
from drive_sim.world.episode import Episode
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import (
    EVENT_COLLISION_PEDESTRIAN,
    EVENT_COLLISION_STATIC,
    EVENT_COLLISION_VEHICLE,
    EVENT_FINISH,
    EVENT_NAMES,
    EVENT_OFF_ROAD,
    EVENT_STALL,
    EVENT_TIME_OUT,
    EVENT_WRONG_WAY,
)

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Driver
    from drive_sim.top_down import TopDownView

BEFORE, AFTER = 5.0, 2.0
"""A clip begins so long before the moment and ends so long after it [s]."""
SAME = 0.5
"""[m] of path length. On a GPU a network's last bits depend on who else is in its batch; all else repeats exactly."""
POSTER_BEFORE = 0.8
"""The still picture shows what came so long before the moment, when its cause is still ahead [s]."""
STILL = 1.2
"""Its last frame stands so long [s]."""
MAP_SCALE = 6.0
"""Of the view from above [px/m]."""
GRAVEST_FIRST = (
    EVENT_COLLISION_PEDESTRIAN,
    EVENT_COLLISION_VEHICLE,
    EVENT_COLLISION_STATIC,
    EVENT_WRONG_WAY,
    EVENT_OFF_ROAD,
    EVENT_STALL,
)
"""Ways in which a drive ends badly."""
DROVE_ON = (EVENT_NAMES[EVENT_FINISH], EVENT_NAMES[EVENT_TIME_OUT])
"""Outcomes that are no failure."""
TRAIL = 200
"""Positions behind the car in the view from above."""


class Film(NamedTuple):
    """A filmed moment."""

    clip: bytes | None
    """MP4; None where what draws it is not installed."""
    poster: bytes | None
    """JPEG of the clip's most telling frame."""
    start: float
    """[s] of the episode at which the clip begins."""


NO_FILM = Film(None, None, 0.0)


@dataclass(frozen=True, eq=False)
class Replay:
    """One episode driven again."""

    index: int
    """Of the episode in the evaluation."""
    log: EpisodeLog
    film: Film
    same: bool
    """Whether it ended as in the evaluation and within `SAME` of the same place."""


def worst_first(scores: Sequence[EpisodeScore], headline: str) -> list[int]:
    """Indices of the episodes, worst first: by failure or help, the headline, the outcome, and how close it was.

    Close to hitting something where the headline is about other road users, else to leaving the lane.
    """
    sign = 1.0 if METRICS[headline].better == "higher" else -1.0
    about_others = METRICS[headline] in OBSTACLE_METRICS

    def goodness(index: int) -> tuple[bool, float, int, float]:
        score = scores[index]
        value = score.value(headline)
        if not math.isfinite(value):
            # A drive that failed before the headline had anything to say counts as nothing achieved.
            value = sign * math.inf if arrived(score) else 0.0
        margin = score.value("min_clearance") if about_others else -score.value("lateral_error_max")
        known = margin if math.isfinite(margin) else math.inf
        return arrived(score), sign * value, _severity(score.outcome), known

    return sorted(range(len(scores)), key=goodness)


def worth_filming(scores: Sequence[EpisodeScore], order: Sequence[int], most: int, least: int) -> list[int]:
    """At most ``most`` failed drives of ``order``; the worst of the others where those are fewer than ``least``."""
    failed = worst_of_each_kind(scores, [index for index in order if not arrived(scores[index])], most)
    fine = [index for index in order if arrived(scores[index])]
    return failed + worst_of_each_kind(scores, fine, min(least, most) - len(failed))


def worst_of_each_kind(scores: Sequence[EpisodeScore], order: Sequence[int], count: int) -> list[int]:
    """The first ``count`` of ``order``, but of each scenario and outcome one before any second."""
    seen: set[tuple[str, str]] = set()
    first: list[int] = []
    second: list[int] = []
    for index in order:
        kind = (scores[index].facts.scenario, scores[index].outcome)
        (second if kind in seen else first).append(index)
        seen.add(kind)
    chosen = set([*first, *second][: max(count, 0)])
    return [index for index in order if index in chosen]


def _severity(outcome: str) -> int:
    """Place of an outcome among all, the gravest first."""
    names = [EVENT_NAMES[event] for event in GRAVEST_FIRST]
    return names.index(outcome) if outcome in names else len(names)


class Ended(Protocol):
    """An episode's score, or its row in ``results.json``."""

    @property
    def outcome(self) -> str: ...
    @property
    def interventions(self) -> int: ...


def arrived(episode: Ended) -> bool:
    """Whether the episode ended neither in a failure nor with a put-back on the way."""
    return episode.outcome in DROVE_ON and not episode.interventions


def replay(
    drivers: Callable[[int], Driver],
    episodes: Sequence[Episode],
    scores: Sequence[EpisodeScore],
    moments: Sequence[Moment],
    which: Sequence[int],
    on_failure: str,
    device: str,
    report: Report,
) -> list[Replay]:
    """Drive the episodes ``which`` again, one by one, each with ``drivers`` of its index; film the moment of each."""
    replays = []
    for count, index in enumerate(which):
        report(count / len(which), f"driving episode {index} again")
        simulator, driver = Simulator([episodes[index]], device, on_failure), drivers(index)
        log, crew = RolloutLog(), make_crew(driver, simulator, moments[index])
        run(simulator, driver, [log] if crew is None else [log, crew])
        again = log.episode(0)
        same = again.outcome == scores[index].outcome and abs(again.distance - scores[index].distance) < SAME
        filmed = crew.develop() if crew is not None and crew.shots else NO_FILM
        replays.append(Replay(index, again, filmed, same))
    return replays


def make_crew(driver: Driver, simulator: Simulator, moment: Moment) -> CameraCrew | None:
    """Who films world 0, or None where pygame, which draws the view from above, or the encoder is not installed."""
    try:
        import av  # noqa: F401

        from drive_sim.top_down import TopDownView
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("av", "pygame"):
            raise
        return None
    return CameraCrew(driver, simulator, moment, TopDownView(MAP_SIZE, MAP_SCALE, ego_height=0.78))


class CameraCrew(Observer):
    """Observer that films world 0 around a moment."""

    def __init__(self, driver: Driver, simulator: Simulator, moment: Moment, view: TopDownView) -> None:
        self._moment, self._view = moment, view
        self._period = simulator.control_period
        self._put_back = simulator.on_failure == "put_back"
        self._sees = "camera" in driver.sensors
        config = getattr(driver, "camera", None) or CameraConfig()
        self._name, self._rig = config.name, CameraRig([config])
        self._trail: list[tuple[float, float]] = []
        self.shots: list[Shot] = []

    def on_step(self, step: Step) -> None:
        """Film the step if it is near the moment."""
        state, episode = step.simulator.state, step.simulator.episodes[0]
        x, y = float(to_host(state.x)[0]), float(to_host(state.y)[0])
        if self._trail and np.hypot(x - self._trail[-1][0], y - self._trail[-1][1]) > 5.0:
            self._trail.clear()  # put back
        self._trail.append((x, y))
        time = float(to_host(state.time)[0])
        if not -BEFORE <= time - self._moment.time <= AFTER:
            return
        from drive_sim.top_down import scene_of

        centre = episode.road.lane_centre(episode.lane)
        self.shots.append(
            Shot(
                camera=self._picture(step),
                top_down=self._view.picture(scene_of(step.simulator), self._trail[-TRAIL:]),
                time=time,
                speed=float(to_host(state.speed)[0]),
                speed_limit=episode.speed_limit,
                steering=float(to_host(state.action)[0, 0]),
                acceleration=float(to_host(state.action)[0, 1]),
                lateral_error=float(to_host(state.d)[0]) - centre,
                room=room_in_lane(episode.road.lane_width, step.simulator.vehicle.width),
            )
        )

    def _picture(self, step: Step) -> Picture:
        """What the driver's camera showed, or would have shown a driver that had one."""
        seen: Any = step.observation.camera.get(self._name)
        if seen is None:
            simulator = step.simulator
            seen = self._rig.render(simulator.device, simulator.roads, simulator.world, simulator.state).rgb[:, 0]
        return np.array(to_host(seen)[0])

    def develop(self) -> Film:
        """The clip, its last frame held for a while."""
        camera = "what the driver saw" if self._sees else "camera (this driver does not use it)"
        moment = self._moment
        caption = Caption(camera, moment.time, moment.what, moment.failed, moment.failed and self._put_back)
        traces = CommandTraces(self.shots, caption)
        frames = [np.vstack([compose(shot, caption), traces.at(shot.time)]) for shot in self.shots]
        telling = moment.time - POSTER_BEFORE
        nearest = min(range(len(frames)), key=lambda k: abs(self.shots[k].time - telling))
        clip = encode([*frames, *[frames[-1]] * round(STILL / self._period)], 1.0 / self._period)
        return Film(clip, jpeg(frames[nearest]), self.shots[0].time)
