"""The window as an observer of the closed loop: shows, paces, listens and records."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import pygame
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.drivers.driver import Driver, cameras_of
from drive_sim.drivers.human.input import HumanDriver
from drive_sim.recording.persistent import PersistentRecorder
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import Step, StopRollout
from drive_sim.sensors.camera.mosaic import mosaic
from drive_sim.sensors.suite import Observation
from drive_sim.top_down.scene import Scene, blend, scene_of
from drive_sim.window.devices import InputDevice
from drive_sim.window.display import Banner
from drive_sim.window.pacing import ImagePacer
from drive_sim.window.panel import Dashboard
from drive_sim.window.session import PASSING, distance_and_time, ended_by
from drive_sim.world.events import event_names
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import EVENT_FINISH, EVENT_OFF_CENTRE, EVENT_TIME_OUT

if TYPE_CHECKING:
    from drive_sim.window.display import Display

TRAIL_LENGTH = 200
"""Positions behind the car: 10 s."""
PAUSE_AT_END = 1.8
"""How long the end of an episode is shown [s]."""
NEWS_LASTS, NEWS_FADES = 2.0, 1.0
"""How long the last event is shown, and then takes to fade; episode time [s]."""
HELP = {
    "keyboard": (("Left Right A D", "steer"), ("Up Down W S", "throttle, brake")),
    "mouse": (("pointer", "steer"), ("buttons", "throttle, brake")),
    "gamepad": (("stick", "steer"), ("triggers", "throttle, brake")),
    "wheel": (("wheel", "steer"), ("pedals", "throttle, brake")),
}
COMMON_HELP = (("R", "record on, off"), ("N", "next road"), ("Backspace", "again, forget this"), ("Esc", "leave"))
LOOKING_HELP = (("V", "what it looks at"),)
"""For a driver that can say it."""
QUIET = EVENT_OFF_CENTRE
"""Events that are no news to a person."""


class Wish(Enum):
    """What the person asked for when an episode ended early."""

    LEAVE = "leave"
    NEXT = "next"
    AGAIN = "again"


@dataclass(frozen=True)
class News:
    """What happened last."""

    words: str = ""
    alarm: bool = False
    time: float = 0.0
    """Episode time [s]."""

    def freshness(self, time: float) -> float:
        """1 while it is new, 0 from when it has faded away."""
        return min(max((self.time + NEWS_LASTS + NEWS_FADES - time) / NEWS_FADES, 0.0), 1.0)


class WindowObserver:
    """Shows a rollout of one world, paces it by the clock, reads the device, and records when asked to.

    Parameters
    ----------
    recording
        Whether episodes are recorded from their start; ``R`` changes it.
    pacer
        Whose clock it is; by default the machine's.

    Raises
    ------
    InputError
        When the driver's device is not connected.
    """

    def __init__(
        self, display: Display, driver: Driver, recorder: Recorder, recording: bool, pacer: ImagePacer | None = None
    ) -> None:
        self.display, self.driver, self.recorder, self.recording = display, driver, recorder, recording
        self.persistent = PersistentRecorder(recorder, self._say_refused)
        self.wish: Wish | None = None
        self.images = 0
        """Shown so far."""
        self._pacer = pacer or ImagePacer()
        self._device = InputDevice(driver) if isinstance(driver, HumanDriver) else None
        self._attention: Callable[[Any], Any] | None = getattr(driver, "attention", None)
        self._marking = False
        looking = LOOKING_HELP if self._attention else ()
        self._help = (*HELP.get(driver.name, ()), *looking, *COMMON_HELP)
        self._trail: deque[tuple[float, float]] = deque(maxlen=TRAIL_LENGTH)

    def on_reset(self, simulator: Simulator, observation: Observation) -> None:
        """A new episode: begin to record it if so, and show where it starts."""
        self.wish, self._news, self._time = None, News(), float(simulator.state.time[0])
        self._trail.clear()
        self._scene = scene_of(simulator)
        self._image = self._seen(observation)
        if self.recording:
            self.persistent.on_reset(simulator, observation)
        self._pacer.restart()
        self._frame(simulator, self._scene, np.zeros(2, np.float32))

    def on_step(self, step: Step) -> None:
        """Record the step, and draw the way to the state that it led to."""
        simulator = step.simulator
        self._time = float(simulator.state.time[0])
        self.persistent.on_step(step)
        before, self._scene = self._scene, scene_of(simulator)
        self._trail.append((self._scene.ego.x, self._scene.ego.y))
        self._image = self._seen(step.observation)
        self._note_events(simulator)
        shown = 0.0
        for share in self._pacer.images(simulator.control_period):
            # The device moves with the time driven, so that a slow machine does not make a slow hand.
            self._listen(step, (share - shown) * simulator.control_period)
            self._frame(simulator, blend(before, self._scene, share), step.action[0])
            shown = share
        if simulator.state.done[0]:
            self._show_end(step)

    def on_finish(self, simulator: Simulator) -> None:
        """Keep what was recorded, unless the person wanted it forgotten."""
        self.persistent.attempt(self.recorder.finish, self.wish is not Wish.AGAIN)

    def _seen(self, observation: Observation) -> Any:
        """What the driver's cameras show, uint8 (H, W, 3), or the first camera where it asks for none."""
        asked = hasattr(self.driver, "camera") or hasattr(self.driver, "cameras")
        names = [camera.name for camera in cameras_of(self.driver)] if asked else [next(iter(observation.camera))]
        image = mosaic([observation.images(name)[0] for name in names])
        return self._marked(image) if self._marking and self._attention else image

    def _marked(self, image: Any) -> Any:
        """The image with what the driver looks at; as it is where the driver cannot say."""
        from drive_sim.drivers.neural.attention import marked

        assert self._attention is not None
        masks = self._attention(image[None])
        return image if masks is None else marked(image, masks[0])

    def _listen(self, step: Step, dt: float) -> None:
        """Read the keys, and the device after ``dt`` [s]."""
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                self._stop(Wish.LEAVE)
            elif event.type == pygame.KEYDOWN:
                self._key(event.key, step)
        if self._device is not None:
            self._device.read(self._scene.ego.speed, dt)

    def _key(self, key: int, step: Step) -> None:
        wishes = {pygame.K_ESCAPE: Wish.LEAVE, pygame.K_n: Wish.NEXT, pygame.K_BACKSPACE: Wish.AGAIN}
        if key in wishes:
            self._stop(wishes[key])
        elif key == pygame.K_v and self._attention:
            self._marking = not self._marking
            self._image = self._seen(step.observation)
        elif key == pygame.K_r:
            self.recording = not self.recording
            if self.recording:
                self._start_recording(step)
            else:
                self.persistent.attempt(self.recorder.finish)

    def _start_recording(self, step: Step) -> None:
        if step.simulator.state.done[0]:
            return  # the next episode will be recorded
        try:
            self.recorder.start(step.simulator, step.observation)
        except InputError as error:
            self.recording = False
            self._say_refused(f"not recorded: {error}")

    def _say_refused(self, line: str) -> None:
        self._news = News(line, True, self._time)

    def _stop(self, wish: Wish) -> None:
        self.wish = wish
        raise StopRollout

    def _note_events(self, simulator: Simulator) -> None:
        events = int(simulator.state.events[0]) & ~QUIET
        if events:
            alarm = bool(events & ~(EVENT_FINISH | EVENT_TIME_OUT))
            self._news = News(", ".join(event_names(events)), alarm, float(simulator.state.time[0]))

    def _show_end(self, step: Step) -> None:
        """Leave the end in sight for a moment; keys still work."""
        banner = ending(step.simulator)
        for _ in self._pacer.images(PAUSE_AT_END):
            self._listen(step, 0.0)
            self._frame(step.simulator, self._scene, step.action[0], banner)

    def _frame(self, simulator: Simulator, scene: Scene, command: Any, banner: Banner | None = None) -> None:
        episode, news = simulator.episodes[0], self._news
        board = dashboard(
            simulator,
            self._image,
            command,
            f"{self.driver.name} on {episode.scenario}, {episode.weather.name}",
            self._help,
            status=news.words,
            alarm=news.alarm,
            freshness=news.freshness(float(simulator.state.time[0])),
            recording=self.recorder.steps * simulator.control_period if self.recorder.recording else None,
        )
        self.display.show(scene, board, self._trail, banner)
        self.images += 1


def ending(simulator: Simulator) -> Banner:
    """How the drive of world 0 ended."""
    events = int(simulator.state.events[0]) & ~PASSING
    good = bool(events & EVENT_FINISH) and not events & ~(EVENT_FINISH | EVENT_TIME_OUT)
    return Banner(ended_by(simulator).capitalize(), distance_and_time(simulator), good)


def dashboard(
    simulator: Simulator,
    image: NDArray[np.uint8],
    command: Any,
    title: str,
    help_lines: tuple[tuple[str, str], ...],
    **news: Any,
) -> Dashboard:
    """The dashboard of world 0 as it is now; ``news`` are the fields of `Dashboard` that have defaults."""
    state, world = simulator.state, simulator.world
    return Dashboard(
        image=image,
        speed=float(state.speed[0]),
        limit=float(world.speed_limit[0]),
        steering=float(command[0]),
        acceleration=float(command[1]),
        force=(float(state.acceleration_x[0]), float(state.acceleration_y[0])),
        lane_offset=float(state.d[0] - world.lane_centre[0]),
        lane_width=float(world.lane_width[0]),
        car_width=float(simulator.vehicle.width),
        title=title,
        progress=float(state.progress[0] / world.route_length[0]),
        time=float(state.time[0]),
        help=help_lines,
        **news,
    )
