"""The window as an observer of the closed loop: shows, paces, listens and records."""

from __future__ import annotations

from collections import deque
from enum import Enum
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pygame
from numpy.typing import NDArray

from drive_sim.drivers.driver import Driver
from drive_sim.drivers.human import HumanDriver
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import Step, StopRollout
from drive_sim.sensors.observation import Observation
from drive_sim.top_down.scene import Scene, blend, scene_of
from drive_sim.window.devices import InputDevice
from drive_sim.window.panel import Dashboard
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import EVENT_FINISH, EVENT_NAMES, EVENT_OFF_CENTRE, EVENT_TIME_OUT

if TYPE_CHECKING:
    from drive_sim.window.app import Display

FRAME_RATE = 60
"""Pictures a second [Hz]."""
TRAIL_LENGTH = 200
"""Positions behind the car: 10 s."""
PAUSE_AT_END = 1.5
"""How long the end of an episode is shown [s]."""
HELP = {
    "keyboard": (("← → A D", "steer"), ("↑ ↓ W S", "throttle, brake")),
    "mouse": (("pointer", "steer"), ("buttons", "throttle, brake")),
    "gamepad": (("stick", "steer"), ("triggers", "throttle, brake")),
    "wheel": (("wheel", "steer"), ("pedals", "throttle, brake")),
}
COMMON_HELP = (("R", "record on, off"), ("N", "next road"), ("Backspace", "again, forget this"), ("Esc", "leave"))
_QUIET = EVENT_OFF_CENTRE
"""Events that are no news to a person."""


class Wish(Enum):
    """What the person asked for when an episode ended early."""

    LEAVE = "leave"
    NEXT = "next"
    AGAIN = "again"


class WindowObserver:
    """Shows a rollout of one world, paces it by the clock, reads the device, and records when asked to.

    Parameters
    ----------
    recording
        Whether episodes are recorded from their start; ``R`` changes it.
    """

    def __init__(self, display: Display, driver: Driver, recorder: Recorder, recording: bool) -> None:
        self.display, self.driver, self.recorder, self.recording = display, driver, recorder, recording
        self.wish: Wish | None = None
        self.pictures = 0
        """Shown so far."""
        self._device = InputDevice(driver) if isinstance(driver, HumanDriver) else None
        self._help = (*HELP.get(driver.name, ()), *COMMON_HELP)
        self._trail: deque[tuple[float, float]] = deque(maxlen=TRAIL_LENGTH)
        self._due = 0.0

    def on_reset(self, simulator: Simulator, observation: Observation) -> None:
        """A new episode: begin to record it if so, and show where it starts."""
        self.wish = None
        self._trail.clear()
        self._status, self._alarm = "", False
        self._scene = scene_of(simulator)
        self._picture = observation.camera["front"][0]
        if self.recording:
            self.recorder.start(simulator, observation)
        self._due = perf_counter()
        self._frame(simulator, self._scene, np.zeros(2, np.float32))

    def on_step(self, step: Step) -> None:
        """Record the step, and draw the way to the state that it led to."""
        simulator = step.simulator
        if self.recorder.recording:
            self.recorder.add(step)
        before, self._scene = self._scene, scene_of(simulator)
        self._trail.append((self._scene.ego.x, self._scene.ego.y))
        self._picture = step.observation.camera["front"][0]
        self._note_events(simulator)
        pictures = max(1, round(FRAME_RATE * simulator.control_period))
        for number in range(1, pictures + 1):
            self._due += simulator.control_period / pictures
            late = perf_counter() - self._due
            # Too slow a machine skips pictures, never steps: what is recorded is not to depend on it.
            if late < simulator.control_period or number == pictures:
                self._listen(step)
                self._frame(simulator, blend(before, self._scene, number / pictures), step.action[0])
            self._wait()
        if simulator.state.done[0]:
            self._show_end(step)

    def on_finish(self, simulator: Simulator) -> None:
        """Keep what was recorded, unless the person wanted it forgotten."""
        self.recorder.finish(keep=self.wish is not Wish.AGAIN)

    def _wait(self) -> None:
        left = self._due - perf_counter()
        if left > 0.0:
            pygame.time.wait(int(1000.0 * left))
        elif left < -0.25:
            self._due = perf_counter()

    def _listen(self, step: Step) -> None:
        """Read the device and the keys."""
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                self._stop(Wish.LEAVE)
            elif event.type == pygame.KEYDOWN:
                self._key(event.key, step)
        if self._device is not None:
            self._device.read(self._scene.ego.speed, 1.0 / FRAME_RATE)

    def _key(self, key: int, step: Step) -> None:
        wishes = {pygame.K_ESCAPE: Wish.LEAVE, pygame.K_n: Wish.NEXT, pygame.K_BACKSPACE: Wish.AGAIN}
        if key in wishes:
            self._stop(wishes[key])
        elif key == pygame.K_r:
            self.recording = not self.recording
            if self.recording and not step.simulator.state.done[0]:
                self.recorder.start(step.simulator, step.observation)
            else:
                self.recorder.finish()

    def _stop(self, wish: Wish) -> None:
        self.wish = wish
        raise StopRollout

    def _note_events(self, simulator: Simulator) -> None:
        events = int(simulator.state.events[0]) & ~_QUIET
        if events:
            self._status = ", ".join(name for bit, name in EVENT_NAMES.items() if events & bit)
            self._alarm = bool(events & ~(EVENT_FINISH | EVENT_TIME_OUT))

    def _show_end(self, step: Step) -> None:
        """Leave the end in sight for a moment; keys still work."""
        until = perf_counter() + PAUSE_AT_END
        while perf_counter() < until:
            self._listen(step)
            self._frame(step.simulator, self._scene, step.action[0])
            pygame.time.wait(1000 // FRAME_RATE)

    def _frame(self, simulator: Simulator, scene: Scene, command: Any) -> None:
        episode = simulator.episodes[0]
        title = f"{self.driver.name} on {episode.scenario}, {episode.weather.name}"
        recorded = self.recorder.steps * simulator.control_period if self.recorder.recording else None
        board = dashboard(simulator, self._picture, command, title, self._status, self._help, self._alarm, recorded)
        self.display.show(scene, board, self._trail)
        self.pictures += 1


def dashboard(
    simulator: Simulator,
    picture: NDArray[np.uint8],
    command: Any,
    title: str,
    status: str,
    help_lines: tuple[tuple[str, str], ...],
    alarm: bool = False,
    recorded: float | None = None,
) -> Dashboard:
    """The dashboard of world 0 as it is now."""
    state, world = simulator.state, simulator.world
    return Dashboard(
        picture=picture,
        speed=float(state.speed[0]),
        limit=float(world.speed_limit[0]),
        steering=float(command[0]),
        acceleration=float(command[1]),
        title=title,
        status=status,
        alarm=alarm,
        progress=float(state.progress[0] / world.route_length[0]),
        time=float(state.time[0]),
        recording=recorded,
        help=help_lines,
    )
