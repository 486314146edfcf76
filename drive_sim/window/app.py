"""The window's commands: driving, showing a recorded drive again, and driving a scored one again.

The loop is `rollout.run`, as for every driver. The window is one of its observers: after each step it draws the way
from the last state to the new one, reads the device in a person's hands before every image, and thereby paces the
loop by the clock. What it shows is 50 ms old at most, as in any simulator that draws between states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pygame

from drive_sim.drivers.driver import cameras_of
from drive_sim.evaluation.logs.rollout_log import RolloutLog
from drive_sim.evaluation.running.scored_episode import load_scored
from drive_sim.recording.dataset import Dataset, RecordedEpisode
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.top_down.scene import Scene, blend, scene_of
from drive_sim.window.display import Display
from drive_sim.window.observer import TRAIL_LENGTH, WindowObserver, Wish, dashboard
from drive_sim.window.pacing import FRAME_RATE
from drive_sim.window.playback import LEAP, Playback
from drive_sim.window.session import RECORDINGS, DrivingTime, Session
from drive_sim.world.simulator import Simulator

REPLAY_HELP = (("Space", "pause, go on"), ("Left Right", "a second back, on"), ("Esc", "leave"))


def drive(
    road: str | None = None,
    scenario: str | None = None,
    driver: str = "keyboard",
    record: Path | None = None,
    minutes: float | None = None,
    episodes: int | None = None,
    seed: int = 0,
    driver_options: Mapping[str, Any] | None = None,
) -> str:
    """Drive, or watch a driver drive, until the window is closed, the time is up or the episodes are driven.

    With ``record`` the recording is on from the start; without, ``R`` records into `RECORDINGS`. Returns what was
    saved where, in words.

    Raises
    ------
    InputError
        For a road, scenario, driver, device or dataset that cannot be used, or without a display.
    """
    session = Session.plan(road, scenario, driver, record, minutes, episodes, seed, driver_options)
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
    return saved(recorder, record or RECORDINGS, window.persistent.refused)


def saved(recorder: Recorder, path: Path, refused: int) -> str:
    """What ``recorder`` has added to the dataset at ``path``, and how many episodes the disk refused, in words."""
    count = len(recorder.written)
    said = f"recorded: {count} {'episode' if count == 1 else 'episodes'} in {path}" if count else "nothing was recorded"
    return f"{said}; the disk refused {refused}" if refused else said


def replay_scored(path: Path, number: int = 0, compared: str | None = None) -> str:
    """Drive an episode of an evaluation again, in sight; says whether it was the same drive.

    ``compared`` names one of the drivers it was compared with, to see that one's drive.

    Raises
    ------
    InputError
        For results or an episode that cannot be driven again, or without a display.
    """
    scored = load_scored(path, number, compared)
    driver, log = scored.driver, RolloutLog()
    display = Display(f"drive_sim: {driver.name}, episode {number} of {path.name}")
    try:
        cameras = cameras_of(driver)
        window = WindowObserver(display, driver, Recorder(RECORDINGS, driver.name, camera_configs=cameras), False)
        names = tuple(dict.fromkeys(("camera", "odometry", *driver.sensors)))
        sensors = SensorSuite(names, CameraRig(cameras), faults=getattr(driver, "camera_faults", None))
        simulator = Simulator([scored.episode], scored.device, scored.on_failure)
        run(simulator, driver, [log, window], sensors)
    finally:
        display.close()
    return "left before its end" if window.wish is not None else scored.verdict(log.episode(0))


def replay(path: Path, number: int = 0) -> None:
    """Show a recorded episode again: space pauses, left and right go a second back and on, Esc leaves.

    Raises
    ------
    InputError
        For a dataset or an episode that is not there, or without a display.
    """
    dataset = Dataset.open(path)
    episode = dataset.episode(number)
    show = _shower(dataset, episode, number)
    display = Display(f"drive_sim: {path.name}, episode {number}")
    try:
        playback, clock = Playback(len(episode), episode.period), pygame.time.Clock()
        while not playback.over and _listen(playback):
            show(display, playback)
            playback.advance(clock.tick(FRAME_RATE) / 1000.0)
    finally:
        display.close()


def _listen(playback: Playback) -> bool:
    """Do what the keys say; whether to go on."""
    for event in pygame.event.get():
        if event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE):
            return False
        if event.type == pygame.KEYDOWN:
            playback.paused ^= event.key == pygame.K_SPACE
            playback.leap({pygame.K_LEFT: -LEAP, pygame.K_RIGHT: LEAP}.get(event.key, 0.0))
    return True


def _shower(dataset: Dataset, episode: RecordedEpisode, number: int) -> Callable[[Display, Playback], None]:
    """What shows a moment of a recorded episode, made from the recorded truth and the recorded images."""
    simulator = Simulator([episode.world], slots=int(episode.provenance["actor_slots"]))
    states, frames = episode.state(), dataset.frames(number) if dataset.cameras else None
    title = f"{episode.provenance['driver']} on {episode.provenance['scenario']}"

    def scene_at(step: int) -> Scene:
        for live, recorded in zip(simulator.state, states, strict=True):
            live[0] = recorded[step]
        return scene_of(simulator)

    def show(display: Display, playback: Playback) -> None:
        step = playback.step
        later = scene_at(min(step + 1, playback.steps - 1))
        scene = blend(scene_at(step), later, playback.share)
        trail = [(float(states.x[k]), float(states.y[k])) for k in range(max(0, step - TRAIL_LENGTH), step + 1)]
        image: Any = frames[step] if frames is not None else np.zeros((66, 200, 3), np.uint8)
        status = f"step {step + 1} of {playback.steps}" + (", paused" if playback.paused else "")
        board = dashboard(simulator, image, episode.columns["action"][step], title, REPLAY_HELP, status=status)
        display.show(scene, board, trail)

    return show
