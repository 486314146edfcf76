"""Time plots of one episode for the report: inline SVG whose colours follow the page's light or dark scheme."""

from __future__ import annotations

import re
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np

from drive_sim.evaluation.logs.episode_log import EpisodeLog, Floats
from drive_sim.evaluation.logs.trace import Moment
from drive_sim.evaluation.plotting import shipped_style
from drive_sim.evaluation.video.clip import room_in_lane

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colours that stand for the page's: replaced by its variables once the drawing is text.
INK, FAINT, GRID, ONE, TWO, BAD = "#010203", "#010204", "#010205", "#010206", "#010207", "#010208"
_VARIABLES = {INK: "--ink", FAINT: "--faint", GRID: "--line", ONE: "--one", TWO: "--two", BAD: "--bad"}

SIZE = (4.6, 5.9)
"""[inch]: on a phone it is shown at about its own size, so that its words stay legible."""
LEFT, RIGHT = 0.15, 0.985
"""Edges of the axes as shares of the width: where the page puts the cursor that runs along with the video."""
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.size": 9.5,
    "path.simplify_threshold": 0.4,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "grid.color": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.3,
    "savefig.transparent": True,
}


def plots_svg(log: EpisodeLog, moment: Moment, name: str) -> str:
    """Lateral error, speed, curvature and commands over time, the moment marked; ``name`` keeps ids apart."""
    with shipped_style(STYLE | {"svg.hashsalt": name}):
        from matplotlib.figure import Figure

        figure = Figure(figsize=SIZE)
        axes = figure.subplots(4, 1, sharex=True)
        figure.subplots_adjust(left=LEFT, right=RIGHT, top=0.965, bottom=0.07, hspace=0.34)
        _lateral_error(axes[0], log)
        _speed(axes[1], log)
        _curvature(axes[2], log)
        _commands(axes[3], log)
        for one in axes:
            one.grid(linewidth=0.6)
            one.set_axisbelow(True)
            one.axvline(moment.time, color=BAD if moment.failed else TWO, linewidth=1.0, linestyle=(0, (3, 2)))
            one.tick_params(length=0)
        axes[3].set_xlabel("time [s]", labelpad=1)
        axes[3].set_xlim(0.0, max(float(log.time[-1]), 1.0))
        text = StringIO()
        figure.savefig(text, format="svg")
    label = f"time plots of {escape(name)}: lateral error, speed, curvature and commands"
    return with_page_colours(text.getvalue(), label)


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=9.5, pad=3.0)


def _lateral_error(axes: Axes, log: EpisodeLog) -> None:
    _title(axes, "lateral error [m], left +; shaded: wheels in the lane")
    room = room_in_lane(log.facts.lane_width, log.facts.vehicle_width)
    axes.axhspan(-room, room, color=ONE, alpha=0.1, linewidth=0)
    axes.plot(log.time, _broken(log, log.lateral_error), color=ONE)
    limit = max(1.1, min(1.05 * float(np.max(np.abs(log.lateral_error))), 6.0))
    axes.set_ylim(-limit, limit)


def _speed(axes: Axes, log: EpisodeLog) -> None:
    _title(axes, "speed [km/h]; dashed: the limit")
    axes.axhline(3.6 * log.facts.speed_limit, color=FAINT, linestyle="--", linewidth=1.0)
    axes.plot(log.time, 3.6 * _broken(log, log.speed), color=ONE)
    axes.set_ylim(0.0, 3.6 * 1.12 * max(float(log.speed.max()), log.facts.speed_limit))


def _curvature(axes: Axes, log: EpisodeLog) -> None:
    _title(axes, "curvature [1/m], left +: road (faint), driven")
    # At a standstill the car has no curvature.
    moving = np.maximum(log.speed, 1.0)
    axes.plot(log.time, log.curvature, color=FAINT, linewidth=2.2, alpha=0.6)
    axes.plot(log.time, _broken(log, log.yaw_rate / moving), color=ONE)
    limit = max(1.4 * float(np.max(np.abs(log.curvature))), 0.005)
    axes.set_ylim(-limit, limit)


def _commands(axes: Axes, log: EpisodeLog) -> None:
    _title(axes, "steering (line, left +), throttle and brake (dashes)")
    axes.plot(log.time, log.action[:, 1], color=TWO, linewidth=1.2, linestyle=(0, (3, 1)))
    axes.plot(log.time, log.action[:, 0], color=ONE)
    axes.set_ylim(-1.05, 1.05)


def _broken(log: EpisodeLog, values: Floats) -> Floats:
    """The values with a gap where the ego was reset to its lane."""
    return np.where(log.lane_resets, np.nan, values)


def with_page_colours(svg: str, label: str) -> str:
    """The drawing as part of a page: no prologue, no rules for the rest of the page, the page's colours."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", svg, flags=re.S)
    box = re.search(r'<svg[^>]*?viewBox="([^"]*)"[^>]*>', svg)
    assert box is not None
    svg = f'<svg class="plot" viewBox="{box[1]}" role="img" aria-label="{label}">{svg[box.end() :]}'
    # Hundredths of a point are fine enough for lines; words keep their digits.
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d+\.\d\d)\d+", r"\1", tag[0]), svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    return re.sub(r"\n\s*", "\n", svg)
