"""How two models were trained: the scalars that TensorBoard shows, both in one drawing each."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

from drive_sim.evaluation.plotting import shipped_style
from drive_sim.evaluation.report.plots import FAINT, INK, ONE, STYLE, TWO, with_page_colours
from drive_sim.evaluation.report.side_by_side.sides import Side

EVENTS = Path("training", "tensorboard")
"""In a model's folder."""
COLUMNS = 2
Curve = tuple[list[float], list[float]]
"""Steps (views learnt) and values."""


def curves_of(side: Side) -> dict[str, Curve]:
    """The scalars of a training run by name; empty where its folder has none, or TensorBoard is not installed."""
    folder = None if side.model is None else side.model / EVENTS
    if folder is None or not folder.is_dir():
        return {}
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ModuleNotFoundError:
        return {}
    events: Any = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 1})
    events.Reload()
    found = {}
    for name in events.Tags()["scalars"]:
        points = events.Scalars(name)
        found[name] = ([float(point.step) for point in points], [float(point.value) for point in points])
    return found


def curves_svg(first: Side, second: Side) -> str:
    """A drawing of every scalar that either side has, A and B in each; empty where neither has any."""
    sides = [(side, curves_of(side)) for side in (first, second)]
    names = sorted({name for _, curves in sides for name in curves})
    if not names:
        return ""
    rows = -(-len(names) // COLUMNS)
    with shipped_style(STYLE | {"svg.hashsalt": "curves"}):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(4.4 * COLUMNS, 2.1 * rows))
        axes = list(figure.subplots(rows, COLUMNS, squeeze=False).flat)
        for one, name in zip(axes, names, strict=False):
            for (side, curves), colour in zip(sides, (ONE, TWO), strict=True):
                if name in curves:
                    one.plot(*curves[name], color=colour, label=side.label)
            one.set_title(name.replace("_", " "), fontsize=9.5, color=INK, loc="left")
            one.grid(linewidth=0.6)
            one.ticklabel_format(axis="x", style="sci", scilimits=(0, 4))
            one.xaxis.get_offset_text().set_color(FAINT)
        for one in axes[len(names) :]:
            one.set_visible(False)
        figure.axes[0].legend(frameon=False, fontsize=8.5)
        figure.tight_layout()
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return with_page_colours(text.getvalue(), "training curves: views learnt across, A and B in each drawing")
