"""The README's pictures: the real window during a drive, and what the cameras see.

``python scripts/take_screenshots.py`` draws all of them into ``docs/images``; ``--only window`` or ``--only camera``
draws some. Without a display it starts a virtual one (Xvfb). Everything is drawn by seed: the same pictures each time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pygame

from drive_sim.drivers.driver import make_driver
from drive_sim.rollout import Observer, Step, StopRollout, run
from drive_sim.sensors.camera import LAYERS, CameraFrames, CameraRig
from drive_sim.sensors.camera_model import SEMANTIC_COLOURS
from drive_sim.window.display import Display
from drive_sim.window.lettering import BACK, FAINT, INK, text
from drive_sim.window.observer import WindowObserver
from drive_sim.window.pacing import Pacer
from drive_sim.window.session import Session
from drive_sim.world.episode import Episode
from drive_sim.world.scenario import load_scenario
from drive_sim.world.simulator import Simulator

SCENE = ("obstacle-avoidance/parked-car", "expert", 13)
"""Scenario, driver and seed of the window's picture."""
MOMENT = 122
"""Control step of the window's picture."""
WEATHERS = ("dry", "rain", "fog", "night", "dusk", "low-sun", "snow", "worn")
ROADS = ("motorway", "rural", "mountain", "urban")
ENCOUNTERS = ("parked-car", "crossing-pedestrian", "oncoming-traffic", "cones")
CLOSE = 11.0
"""Gap to the nearest road user when an encounter is pictured [m]."""
ENLARGED = 2
FARTHEST = 80.0
"""Depth that is drawn black [m]."""
DRAWS = 200
"""Draws of a scenario that are looked through for a weather."""


@contextmanager
def screen() -> Iterator[None]:
    """A display: the one that there is, or a virtual one for as long as it is needed."""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform in ("win32", "darwin"):
        yield
        return
    if shutil.which("Xvfb") is None:
        raise SystemExit("take_screenshots: there is no display and no Xvfb to make one; apt-get install xvfb")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x720x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as number:
            os.environ["DISPLAY"] = f":{number.readline().strip()}"
        os.environ.pop("SDL_VIDEODRIVER", None)
        yield
    finally:
        os.environ.pop("DISPLAY", None)
        server.terminate()
        server.wait()


class Photographer(Observer):
    """Saves the window as it is after a step, and ends the drive."""

    def __init__(self, moment: int, path: Path) -> None:
        self.moment, self.path = moment, path

    def on_step(self, step: Step) -> None:
        """Wait for the moment."""
        if step.index == self.moment:
            pygame.image.save(pygame.display.get_surface(), self.path)
            raise StopRollout


def picture_window(path: Path) -> None:
    """Drive, recording, in the real window, and picture it on the way."""
    scenario, driver, seed = SCENE
    session = Session.plan(None, scenario, driver, None, None, 1, seed)
    display = Display(f"drive_sim: {driver}")
    try:
        with TemporaryDirectory() as folder:
            # One picture a step and no waiting: nobody is watching.
            pacer = Pacer(frame_rate=20, wait=lambda seconds: None)
            recorder = session.recorder(Path(folder))
            window = WindowObserver(display, session.driver, recorder, recording=True, pacer=pacer)
            photographer = Photographer(MOMENT, path)
            turns = run(Simulator([session.source(0)]), session.driver, [window, photographer], session.sensors())
            if turns < MOMENT:
                raise SystemExit(f"take_screenshots: the drive ended after {turns} steps, before step {MOMENT}")
    finally:
        display.close()


def drawn(name: str, weather: str, split: str = "train") -> Episode:
    """The first episode of a scenario that has this weather."""
    scenario = load_scenario(name, split)
    for number in range(DRAWS):
        episode = scenario.draw(number)
        if episode.weather.name == weather:
            return episode
    raise SystemExit(f"take_screenshots: {name} has no {weather} among its first {DRAWS} episodes")


def seen(episodes: Sequence[Episode], seconds: float, close: float = 0.0) -> CameraFrames:
    """What the front camera sees in each after a drive of ``seconds``, or on the way where a gap is below ``close``."""
    simulator = Simulator(episodes)
    driver, rig = make_driver("expert"), CameraRig.default()
    frames = rig.allocate("cpu", len(episodes), LAYERS)
    waiting = np.ones(len(episodes), bool)

    class Look(Observer):
        def on_step(self, step: Step) -> None:
            nonlocal waiting
            rows = np.flatnonzero(waiting & (step.active | (step.index == 0)))
            rig.render("cpu", simulator.roads, simulator.world, simulator.state, LAYERS, frames, rows)
            waiting = waiting & (simulator.state.gap > close)
            if not waiting.any():
                raise StopRollout

    run(simulator, driver, [Look()], max_steps=round(seconds / simulator.control_period))
    return frames


def sheet(rows: Sequence[Sequence[np.ndarray]], names: Sequence[str], titles: Sequence[str]) -> pygame.Surface:
    """Pictures (H, W, 3) in rows and columns, with a name before each row and a title above each column."""
    height, width = (ENLARGED * size for size in rows[0][0].shape[:2])
    gap, left, top = 10, 96, 40
    surface = pygame.Surface((left + len(titles) * (width + gap), top + len(names) * (height + gap)))
    surface.fill(BACK)
    for column, title in enumerate(titles):
        label = text(title, 26, INK)
        surface.blit(label, label.get_rect(midbottom=(left + column * (width + gap) + width // 2, top - 8)))
    for row, (name, pictures) in enumerate(zip(names, rows, strict=True)):
        y = top + row * (height + gap)
        label = text(name, 22, FAINT)
        surface.blit(label, label.get_rect(midright=(left - 10, y + height // 2)))
        for column, picture in enumerate(pictures):
            image = pygame.image.frombuffer(np.ascontiguousarray(picture).tobytes(), picture.shape[1::-1], "RGB")
            place = (left + column * (width + gap), y)
            surface.blit(pygame.transform.smoothscale(image, (width, height)), place)
    return surface


def shades(depth: np.ndarray) -> np.ndarray:
    """Depths [m] as grey RGB, near ones bright."""
    near = np.clip(1.0 - np.log(np.maximum(depth, 2.0) / 2.0) / np.log(FARTHEST / 2.0), 0.0, 1.0)
    return np.repeat((255.0 * near).astype(np.uint8)[..., None], 3, axis=-1)


def picture_weathers(path: Path, gallery: Path) -> None:
    """Every weather on every class of road; in the gallery with the truth of the same pass."""
    episodes = [drawn(f"weather/{road}", weather, "test") for weather in WEATHERS for road in ROADS]
    frames = seen(episodes, seconds=6.0)
    rgb = frames.rgb[:, 0]
    layers = np.stack([rgb, SEMANTIC_COLOURS[frames.semantic[:, 0]], shades(frames.depth[:, 0])], axis=1)
    layers = layers.reshape(len(WEATHERS), len(ROADS), *layers.shape[1:])
    pygame.image.save(sheet(layers[:, :, 0], WEATHERS, ROADS), path)
    rows = layers.swapaxes(1, 2).reshape(-1, len(ROADS), *rgb.shape[1:])
    names = [name for weather in WEATHERS for name in (weather, "class", "depth")]
    pygame.image.save(sheet(rows, names, ROADS), gallery)


def picture_layers(path: Path) -> None:
    """Encounters as the camera sees them, with class and depth from the same pass."""
    episodes = [drawn(f"obstacle-avoidance/{encounter}", "dry") for encounter in ENCOUNTERS]
    frames = seen(episodes, seconds=40.0, close=CLOSE)
    rows = [frames.rgb[:, 0], SEMANTIC_COLOURS[frames.semantic[:, 0]], shades(frames.depth[:, 0])]
    pygame.image.save(sheet(rows, ("colour", "class", "depth"), ENCOUNTERS), path)


def main() -> None:
    """Draw what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("docs/images"), help="folder of the pictures")
    parser.add_argument("--only", choices=("window", "camera"), help="draw only these")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    if options.only != "camera":
        with screen():
            picture_window(options.output / "window.png")
    if options.only != "window":
        picture_weathers(options.output / "camera-weathers.png", options.output / "camera-gallery.png")
        picture_layers(options.output / "camera-layers.png")


if __name__ == "__main__":
    main()
