"""The image of a recorded pass and what becomes of it on other roads, for docs/learning.md.

python scripts/figures/transplants_image.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import numpy as np
from matplotlib import pyplot
from matplotlib.collections import LineCollection

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from drive_sim.drivers.registry import make_driver
from drive_sim.learning.captured import Captured
from drive_sim.learning.transplants.transplanting import transplant
from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.rollout import run
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_NAMES

OUTPUT = Path(__file__).resolve().parents[2] / "docs" / "images" / "transplants.png"
RECORDED, VARIANT = "obstacle-avoidance/parked-car", "right-far-visible"
"""Scenario and variant of the pass that the human model drives."""
COUNT, SEED = 60, 0
COPIES = 5
"""Copies of the pass that are shown."""
AROUND, BESIDE, LANE = 62.0, 9.0, 45.0
"""Shown before and beyond an obstacle, beside it, and around a bend [m]."""


def main() -> None:
    """Draw it."""
    recorded = _recorded()
    made = transplant([recorded], COUNT, SEED)
    lanes = [one for one in made.episodes if one.world.scenario.endswith("lane")]
    passes = [one for one in made.episodes if not one.world.scenario.endswith("lane")]
    sharpest = sorted(lanes, key=lambda one: -float(np.abs(one.state.curvature).max()))
    figure = pyplot.figure(figsize=(11.0, 6.6), constrained_layout=True)
    grid = figure.add_gridspec(COPIES + 1, 2, width_ratios=(2.2, 1.0))
    for row, episode in enumerate([recorded, *passes[:COPIES]]):
        middle = float(episode.state.actor_s[0, 0])
        axis = figure.add_subplot(grid[row, 0])
        line = _draw(axis, episode, middle, (AROUND, BESIDE))
        kind = ACTOR_NAMES[episode.world.actors[0].kind]
        axis.set_title(("recorded: " if row == 0 else "") + f"{kind}, {_where(episode)}", fontsize=9, loc="left")
    half = (COPIES + 1) // 2
    for column, episode in zip((slice(None, half), slice(half, None)), (sharpest[0], sharpest[3]), strict=True):
        bend = int(np.argmax(np.abs(episode.state.curvature)))
        axis = figure.add_subplot(grid[column, 1])
        _draw(axis, episode, float(episode.state.s[bend]), (LANE, LANE))
        radius = 1.0 / float(np.abs(episode.state.curvature[bend]))
        axis.set_title(f"lane kept at {radius:.0f} m radius, {_where(episode)}", fontsize=9, loc="left")
    figure.colorbar(line, ax=figure.axes, label="speed [m/s]", shrink=0.5)
    figure.savefig(OUTPUT, dpi=90)
    print(made.summary)


def _recorded() -> SourceEpisode:
    """The pass as the human model drives it."""
    scenario = load_scenario(RECORDED)
    number = next(n for n in range(100) if scenario.draw(n).variant == VARIANT)
    driven = Captured()
    run(Simulator([scenario.draw(number)]), make_driver("human-model"), [driven])
    return driven.episode(0)


def _where(episode: SourceEpisode) -> str:
    return f"{episode.world.road.road_class} road, {episode.world.weather.name}"


def _draw(axis: Any, episode: SourceEpisode, middle: float, shown: tuple[float, float]) -> Any:
    """One episode from above around arc length ``middle`` [m], where the road runs to the right."""
    state, road = episode.state, episode.world.road
    x0, y0, heading = road.point(middle)
    s = np.arange(max(middle - 3.0 * AROUND, 1.0), min(middle + 3.0 * AROUND, road.length - 2.0), 0.5)

    def seen(points: Any) -> Any:
        dx, dy = points[..., 0] - x0, points[..., 1] - y0
        cos, sin = np.cos(heading), np.sin(heading)
        return np.stack([cos * dx + sin * dy, cos * dy - sin * dx], -1)

    def along(d: float) -> Any:
        return seen(np.array([road.point(float(one), d)[:2] for one in s]))

    left, right = along(float(road.paved_left[0])), along(-float(road.paved_right[0]))
    axis.fill(*np.concatenate([left, right[::-1]]).T, color="0.78")
    for boundary in road.boundaries:
        axis.plot(*along(boundary.offset).T, color="white", lw=1.0)
    for n, actor in enumerate(episode.world.actors):
        if actor.desired_speed == 0.0:
            box = _box(float(state.actor_x[0, n]), float(state.actor_y[0, n]), float(state.actor_yaw[0, n]), actor)
            axis.fill(*seen(box).T, color="tab:red")
    path = seen(np.stack([state.x, state.y], -1))
    line = LineCollection(list(np.stack([path[:-1], path[1:]], 1)), array=state.speed[1:], cmap="viridis", lw=2.0)
    line.set_clim(3.0, 16.0)
    axis.add_collection(line)
    axis.set(aspect="equal", xlim=(-shown[0], shown[0]), ylim=(-shown[1], shown[1]))
    axis.set_axis_off()
    return line


def _box(x: float, y: float, yaw: float, actor: Any) -> Any:
    corners = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]) * 0.5 * [actor.length, actor.width]
    c, s = np.cos(yaw), np.sin(yaw)
    return corners @ np.array([[c, s], [-s, c]]) + [x, y]


if __name__ == "__main__":
    main()
