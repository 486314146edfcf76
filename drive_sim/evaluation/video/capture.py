"""An observer that keeps what a video needs of the episodes that it watches, and makes the videos afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from drive_sim.compute.kernel import to_host
from drive_sim.drivers.driver import cameras_of
from drive_sim.evaluation.logs.trace import Moment
from drive_sim.evaluation.video.clip import MAP_SIZE, Caption, Shot, compose, encode, jpeg, room_in_lane
from drive_sim.evaluation.video.drawing import Image
from drive_sim.evaluation.video.traces import CommandTraces
from drive_sim.rollout import Observer, Step
from drive_sim.sensors.camera.mosaic import mosaic
from drive_sim.sensors.camera.rig import CameraRig
from drive_sim.world.simulator import Simulator

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Driver
    from drive_sim.top_down import TopDownView
    from drive_sim.top_down.scene import Scene

BEFORE, AFTER = 5.0, 2.0
"""A clip begins so long before the moment and ends so long after it [s]."""
STEPS_A_SHOT = 2
"""Control steps from one image of a video to the next: ten a second do for the eye, and cost half of twenty."""
POSTER_BEFORE = 0.8
"""The still image shows what came so long before the moment, when its cause is still to come [s]."""
STILL = 1.2
"""Its last frame stands so long [s]."""
MAP_SCALE = 6.0
"""Of the view from above [px/m]."""
TRAIL = 200
"""Past positions of the ego in the view from above."""


class Video(NamedTuple):
    """A captured moment."""

    clip: bytes | None
    """MP4; None where what draws it is not installed."""
    poster: bytes | None
    """JPEG of the clip's most telling frame."""
    start: float
    """[s] of the episode at which the clip begins."""


NO_VIDEO = Video(None, None, 0.0)


class _Take(NamedTuple):
    """What a frame is drawn from: small, so that many episodes can be watched at once."""

    shot: Shot
    scene: Scene
    trail: list[tuple[float, float]]


def make_crew(driver: Driver, simulator: Simulator, moments: Sequence[Moment]) -> CameraCapture | None:
    """The capture of every world; None where pygame, which draws the top-down view, or the encoder is not installed."""
    try:
        import av  # noqa: F401

        from drive_sim.top_down import TopDownView
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("av", "pygame"):
            raise
        return None
    return CameraCapture(driver, simulator, moments, TopDownView(MAP_SIZE, MAP_SCALE, ego_height=0.84))


class CameraCapture(Observer):
    """Observer that videos each world around the moment of its own."""

    def __init__(self, driver: Driver, simulator: Simulator, moments: Sequence[Moment], view: TopDownView) -> None:
        self._moments, self._view = moments, view
        self._rate = 1.0 / (STEPS_A_SHOT * simulator.control_period)
        self._reset_to_lane = simulator.on_failure == "reset_to_lane"
        self._sees = "camera" in driver.sensors
        self._rig = CameraRig(cameras_of(driver))
        self._trails: list[list[tuple[float, float]]] = [[] for _ in moments]
        self._takes: list[list[_Take]] = [[] for _ in moments]

    def on_step(self, step: Step) -> None:
        """Video the worlds that are near their moments."""
        state = step.simulator.state
        x, y, time = (to_host(values) for values in (state.x, state.y, state.time))
        active = [int(world) for world in np.flatnonzero(step.active)]
        for world in active:
            self._follow(self._trails[world], float(x[world]), float(y[world]))
        # In step with the moment, so that it is itself among the images.
        due = [
            world
            for world in active
            if (step.index - self._moments[world].step) % STEPS_A_SHOT == 0
            and -BEFORE <= time[world] - self._moments[world].time <= AFTER
        ]
        if due:
            images = self._images(step, due)
            for world in due:
                self._takes[world].append(self._take(step, world, np.array(images[world])))

    @staticmethod
    def _follow(trail: list[tuple[float, float]], x: float, y: float) -> None:
        if trail and np.hypot(x - trail[-1][0], y - trail[-1][1]) > 5.0:
            trail.clear()  # reset to lane
        trail.append((x, y))

    def _take(self, step: Step, world: int, camera: Image) -> _Take:
        from drive_sim.top_down import scene_of

        simulator, episode = step.simulator, step.simulator.episodes[world]

        def now(name: str) -> Any:
            return to_host(getattr(simulator.state, name))[world]

        shot = Shot(
            camera=camera,
            time=float(now("time")),
            speed=float(now("speed")),
            speed_limit=episode.speed_limit,
            steering=float(now("action")[0]),
            acceleration=float(now("action")[1]),
            lateral_error=float(now("d")) - episode.road.lane_centre(episode.lane),
            room=room_in_lane(episode.road.lane_width, simulator.vehicle.width),
        )
        return _Take(shot, scene_of(simulator, world), self._trails[world][-TRAIL:])

    def _images(self, step: Step, worlds: Sequence[int]) -> Any:
        """(B, H, W, 3) what the drivers' cameras showed, or would have shown in ``worlds`` drivers that have none."""
        seen: Any = [step.observation.camera.get(camera.name) for camera in self._rig.configs]
        if any(images is None for images in seen):
            simulator = step.simulator
            scenery = simulator.device, simulator.roads, simulator.world, simulator.state
            seen = [frames.rgb for frames in self._rig.render_each(*scenery, rows=worlds).values()]
        return mosaic([to_host(images) for images in seen])

    def develop(self, world: int) -> Video:
        """The clip of a world, its last frame held for a while, and its poster; the images are then let go."""
        takes, self._takes[world] = self._takes[world], []
        if not takes:
            return NO_VIDEO
        camera = "what the driver saw" if self._sees else "camera (this driver does not use it)"
        moment, shots = self._moments[world], [take.shot for take in takes]
        caption = Caption(camera, moment.time, moment.what, moment.failed, moment.failed and self._reset_to_lane)
        traces = CommandTraces(shots, caption)

        def frame(take: _Take) -> Image:
            top_down = self._view.image(take.scene, take.trail)
            return np.vstack([compose(take.shot, top_down, caption), traces.at(take.shot.time)])

        telling = min(takes, key=lambda take: abs(take.shot.time - (moment.time - POSTER_BEFORE)))
        clip = encode(_held(map(frame, takes), round(STILL * self._rate)), self._rate)
        return Video(clip, jpeg(frame(telling)), shots[0].time)


def _held(frames: Iterable[Image], count: int) -> Iterator[Image]:
    """The frames, the last of them ``count`` times more."""
    for frame in frames:
        yield frame
    for _ in range(count):
        yield frame
