"""The window: a map of the road and the camera's picture side by side, drawn at 60 frames/s over a 20 Hz simulation.

The loop is `rollout.run`, as for every driver. The window is one of its observers: after each step it draws the way
from the last state to the new one, reads the device in a person's hands before every picture, and thereby paces the
loop by the clock. What it shows is 50 ms old at most, as in any simulator that draws between states.
"""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

import numpy as np
import pygame

from drive_sim.errors import InputError
from drive_sim.recording.dataset import Dataset
from drive_sim.rollout import run
from drive_sim.top_down.scene import Scene, scene_of
from drive_sim.top_down.view import TopDownView
from drive_sim.window.observer import FRAME_RATE, TRAIL_LENGTH, WindowObserver, Wish, dashboard
from drive_sim.window.panel import Dashboard, Panel
from drive_sim.window.session import RECORDINGS, DrivingTime, Session
from drive_sim.world.simulator import Simulator

WINDOW_SIZE = (1280, 720)
MAP_WIDTH = 664
REPLAY_HELP = (("Space", "pause"), ("← →", "a second back, on"), ("Esc", "leave"))


class Display:
    """The window's surface and its two halves.

    Raises
    ------
    InputError
        When there is no display.
    """

    def __init__(self, title: str) -> None:
        # A window that was asked for must not be drawn into nothing.
        if os.environ.get("SDL_VIDEODRIVER") == "dummy" and not os.environ.get("DRIVE_SIM_ALLOW_DUMMY"):
            raise InputError("display", "", "SDL_VIDEODRIVER is dummy", "unset it, or add --headless")
        try:
            pygame.display.init()
            pygame.display.set_caption(title)
            self.surface = pygame.display.set_mode(WINDOW_SIZE, pygame.SCALED | pygame.RESIZABLE)
        except pygame.error as error:
            mend = "start a display (such as Xvfb), or add --headless"
            raise InputError("display", "", f"there is none ({error})", mend) from None
        self._map = TopDownView((MAP_WIDTH, WINDOW_SIZE[1]), scale=8.0)
        self._panel = Panel((WINDOW_SIZE[0] - MAP_WIDTH, WINDOW_SIZE[1]))
        self._left = pygame.Surface((MAP_WIDTH, WINDOW_SIZE[1]))
        self._right = pygame.Surface(self._panel.size)

    def show(self, scene: Scene, board: Dashboard, trail: deque[tuple[float, float]]) -> None:
        """Draw a picture and put it on the screen."""
        self._map.draw(self._left, scene, trail)
        self._panel.draw(self._right, board)
        self.surface.blit(self._left, (0, 0))
        self.surface.blit(self._right, (MAP_WIDTH, 0))
        pygame.display.flip()

    @staticmethod
    def close() -> None:
        """Close the window."""
        pygame.display.quit()


def drive(
    road: str | None = None,
    scenario: str | None = None,
    driver: str = "keyboard",
    record: Path | None = None,
    minutes: float | None = None,
    episodes: int | None = None,
    seed: int = 0,
) -> None:
    """Drive, or watch a driver drive, until the window is closed, the time is up or the episodes are driven.

    With ``record`` the recording is on from the start; without, ``R`` records into `RECORDINGS`.

    Raises
    ------
    InputError
        For a road, scenario, driver, device or dataset that cannot be used, or without a display.
    """
    session = Session.plan(road, scenario, driver, record, minutes, episodes, seed)
    display = Display(f"drive_sim: {session.driver.name}")
    try:
        recorder = session.recorder(record or RECORDINGS)
        window = WindowObserver(display, session.driver, recorder, recording=record is not None)
        clock = DrivingTime(minutes)
        sensors, number = session.sensors(), 0
        while episodes is None or number < episodes:
            simulator = Simulator([session.source(number)], on_failure="terminate")
            run(simulator, session.driver, [window, clock], sensors)
            if window.wish is Wish.LEAVE or clock.over:
                break
            number += window.wish is not Wish.AGAIN
    finally:
        display.close()


def replay(path: Path, number: int = 0) -> None:
    """Show a recorded episode again: space pauses, left and right step by a second, Esc leaves.

    Raises
    ------
    InputError
        For a dataset or an episode that is not there, or without a display.
    """
    dataset = Dataset.open(path)
    episode = dataset.episode(number)
    simulator = Simulator([episode.world], slots=int(episode.provenance["actor_slots"]))
    states, frames = episode.state(), dataset.frames(number) if dataset.cameras else None
    display = Display(f"drive_sim: {path.name}, episode {number}")
    playback = _Playback(len(episode), episode.period)
    trail: deque[tuple[float, float]] = deque(maxlen=TRAIL_LENGTH)
    title = f"{episode.provenance['driver']} on {episode.provenance['scenario']}"
    try:
        while (step := playback.next()) is not None:
            for live, recorded in zip(simulator.state, states, strict=True):
                live[0] = recorded[step]
            trail.clear()
            earlier = range(max(0, step - TRAIL_LENGTH), step + 1)
            trail.extend((float(states.x[k]), float(states.y[k])) for k in earlier)
            picture = frames[step] if frames is not None else np.zeros((66, 200, 3), np.uint8)
            command = episode.columns["action"][step]
            status = f"step {step + 1} of {len(episode)}" + (", paused" if playback.paused else "")
            board = dashboard(simulator, picture, command, title, status, REPLAY_HELP)
            display.show(scene_of(simulator), board, trail)
    finally:
        display.close()


class _Playback:
    """Which step comes next, by the clock and the keys."""

    def __init__(self, steps: int, period: float) -> None:
        self.steps, self.period = steps, period
        self.position, self.paused = 0.0, False
        self._clock = pygame.time.Clock()

    def next(self) -> int | None:
        """The step to show; None when it is over."""
        elapsed = self._clock.tick(FRAME_RATE) / 1000.0
        for event in pygame.event.get():
            if event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE):
                return None
            if event.type == pygame.KEYDOWN:
                self.paused ^= event.key == pygame.K_SPACE
                leap = {pygame.K_LEFT: -1.0, pygame.K_RIGHT: 1.0}.get(event.key, 0.0) / self.period
                self.position = min(max(self.position + leap, 0.0), self.steps - 1.0)
        if not self.paused:
            self.position += elapsed / self.period
        return int(self.position) if self.position < self.steps else None
