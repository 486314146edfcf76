"""Measure ``env.step`` beside what others do in the same time, turn by turn in one run.

Ours is the registered environment: physics, 8 actors and a 66×200 RGB camera. Beside it Gymnasium's CarRacing-v3
(96×96 RGB from above), and ``cv2.warpPerspective`` of a 4096² ground texture to 66×200 with nothing else: what the
cheapest imaginable camera costs. One process, one thread; a round measures each in turn, so that whatever else the
machine does falls on all alike. Peers are no dependency: ``pip install 'drive-sim[peers]'`` brings them, and one that
is missing is left out with a line.

    python scripts/benchmark_peers.py [--rounds 7] [--output FILE.json]
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import gymnasium
import numpy as np

from drive_sim.bench import Effort, Figure, machine, write_figures
from drive_sim.bench.environments import environment_work
from drive_sim.bench.episodes import ACTORS, among_actors
from drive_sim.bench.figures import Measured, table_head, table_row
from drive_sim.compute.kernel import threads
from drive_sim.sensors.camera.rig import CameraConfig

Work = tuple[Callable[[], int], Callable[[], None] | None]
TEXTURE = 4096
PIXEL = 0.05
"""Side of a texture's pixel on the ground [m]."""


def ours(sensors: tuple[str, ...], effort: Effort) -> Work:
    """Our environment, made as the README makes it."""
    environment = gymnasium.make("DriveSim-v0", scenario=among_actors(), sensors=sensors, on_failure="reset_to_lane")
    return environment_work(environment, effort)


def car_racing(effort: Effort) -> Work:
    """Gymnasium's CarRacing-v3, gently accelerating and steering; a lap that ends begins again off the clock."""
    environment = gymnasium.make("CarRacing-v3")
    action = np.array([0.0, 0.1, 0.0], np.float32)
    fresh = [False]

    def prepare() -> None:
        if not fresh[0]:
            environment.reset(seed=0)
            fresh[0] = True

    def work() -> int:
        for number in range(effort.steps):
            action[0] = 0.2 * math.sin(0.1 * number)
            _, _, terminated, truncated, _ = environment.step(action)
            if terminated or truncated:
                fresh[0] = False
                return number + 1
        return effort.steps

    return work, prepare


def warp(effort: Effort) -> Work:
    """A texture of the ground, seen by our default camera as it moves over it."""
    texture = np.random.default_rng(0).integers(0, 255, (TEXTURE, TEXTURE, 3), np.uint8)
    views = [_texture_from_image(CameraConfig(), 10.0 + 0.75 * step) for step in range(effort.steps)]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP

    def work() -> int:
        for view in views:
            cv2.warpPerspective(texture, view, (200, 66), flags=flags)
        return len(views)

    return work, None


def _texture_from_image(camera: CameraConfig, ahead: float) -> np.ndarray[Any, Any]:
    """Homography from pixels (column, row) to the texture's, for a camera ``ahead`` metres along its middle row."""
    focal_length = camera.width / 2 / math.tan(camera.field_of_view / 2)
    to_ray = np.array(
        [
            [1 / focal_length, 0, -(camera.width - 1) / 2 / focal_length],
            [0, 1 / focal_length, -(camera.height - 1) / 2 / focal_length],
            [0, 0, 1],
        ]
    )
    sine, cosine = math.sin(camera.pitch), math.cos(camera.pitch)
    # Rays (right, down, forward) meet the ground at height / (downward part) of their length.
    forward, down = np.array([0, -sine, cosine]), np.array([0, cosine, sine])
    to_ground = np.array([ahead * down + camera.z * forward, camera.z * np.array([1, 0, 0]), down])
    to_texture = np.array([[1 / PIXEL, 0, 0], [0, 1 / PIXEL, TEXTURE / 2], [0, 0, 1]])
    return to_texture @ to_ground @ to_ray


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table with the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args(arguments)
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    effort, before = Effort(repeats=options.rounds), cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threads(1):
            figures = measure_all(effort)
    finally:
        cv2.setNumThreads(before)
    print(*table_head(), *(table_row(figure.row()) for figure in figures), sep="\n")
    if options.output is not None:
        command = f"python scripts/benchmark_peers.py --rounds {effort.repeats} --output {options.output.name}"
        write_figures(options.output, command, machine("cpu"), figures)


def measure_all(effort: Effort) -> list[Figure]:
    """A figure for everybody who is here, and our ratios to the others."""
    contenders = {
        "ours": (f"drive_sim: env.step, camera 66×200, {ACTORS} actors", ours(("camera",), effort)),
        "ours_no_camera": (f"drive_sim: env.step, no camera, {ACTORS} actors", ours(("odometry",), effort)),
        "warp": ("cv2.warpPerspective of 4096² to 66×200", warp(effort)),
    }
    try:
        contenders["car_racing"] = ("Gymnasium CarRacing-v3: env.step, 96×96", car_racing(effort))
    except gymnasium.error.DependencyNotInstalled:
        print("CarRacing-v3: skipped, Box2D is not installed; pip install 'drive-sim[peers]'")
    measured = {key: Measured(*work, effort.least_time) for key, (_, work) in contenders.items()}
    for one in measured.values():
        one.once(keep=False)
    for _ in range(effort.repeats):
        for one in measured.values():
            one.once()
    figures = [
        Figure(key, contenders[key][0], "steps/s", tuple(one.rates), tuple(one.processor))
        for key, one in measured.items()
    ]
    ratios = [ratio(measured[peer], measured["ours"], peer) for peer in ("car_racing", "warp") if peer in measured]
    return figures + ratios


def ratio(peer: Measured, own: Measured, name: str) -> Figure:
    """How many of our steps the processor does in the time of one of the peer's, round by round."""
    values = tuple(theirs / mine for theirs, mine in zip(peer.processor, own.processor, strict=True))
    return Figure(f"ratio.{name}", f"ours against {name}, by processor time", "×", values)


if __name__ == "__main__":
    main()
