"""The README's image of the real window during an episode.

``python scripts/figures/take_screenshots.py`` draws it into ``docs/images``; ``scripts/camera_gallery.py`` draws what
the cameras see. Without a display it starts a virtual one (Xvfb). Drawn by seed: the same image each time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pygame

from drive_sim.rollout import Observer, Step, StopRollout, run
from drive_sim.window.display import Display
from drive_sim.window.observer import WindowObserver
from drive_sim.window.pacing import ImagePacer
from drive_sim.window.session import Session
from drive_sim.world.simulator import Simulator

SCENE = ("obstacle-avoidance/parked-car", "expert", 13)
"""Scenario, driver and seed of the window's image."""
MOMENT = 122
"""Control step of the window's image."""


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
    """Saves the window as it is after a step, and ends the episode."""

    def __init__(self, moment: int, path: Path) -> None:
        self.moment, self.path = moment, path

    def on_step(self, step: Step) -> None:
        """Wait for the moment."""
        if step.index == self.moment:
            window = pygame.display.get_surface()
            assert window is not None
            pygame.image.save(window, self.path)
            raise StopRollout


def image_window(path: Path) -> None:
    """Drive, recording, in the real window, and image it on the way."""
    scenario, driver, seed = SCENE
    session = Session.plan(None, scenario, driver, None, None, 1, seed)
    display = Display(f"drive_sim: {driver}")
    try:
        with TemporaryDirectory() as folder:
            # One image a step and no waiting.
            pacer = ImagePacer(frame_rate=20, wait=lambda seconds: None)
            recorder = session.recorder(Path(folder))
            window = WindowObserver(display, session.driver, recorder, recording=True, pacer=pacer)
            photographer = Photographer(MOMENT, path)
            steps = run(Simulator([session.source(0)]), session.driver, [window, photographer], session.sensors())
            if steps < MOMENT:
                raise SystemExit(f"take_screenshots: the episode ended after {steps} steps, before step {MOMENT}")
    finally:
        display.close()


def main() -> None:
    """Draw the window."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("docs/images"), help="folder of the image")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with screen():
        image_window(options.output / "window.png")


if __name__ == "__main__":
    main()
