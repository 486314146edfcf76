"""How failures depend on parameters, drawn: the share of failures by bin, with intervals, as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from io import StringIO
from typing import TYPE_CHECKING

from drive_sim.evaluation.plotting import shipped_style
from drive_sim.evaluation.report.plots import BAD, FAINT, STYLE, with_page_colours
from drive_sim.mining.results import BinRow, ParameterRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 2
PANEL = (4.4, 2.1)
"""Width and height of the plot of one parameter [inch]."""


def parameters_svg(rows: Sequence[ParameterRow], name: str) -> str:
    """A panel for each parameter; ``name`` says whose, and keeps ids apart."""
    with shipped_style(STYLE | {"svg.hashsalt": name}):
        from matplotlib.figure import Figure

        lines = math.ceil(len(rows) / COLUMNS)
        figure = Figure(figsize=(COLUMNS * PANEL[0], lines * PANEL[1]), layout="constrained")
        panels = figure.subplots(lines, COLUMNS, squeeze=False).ravel()
        for axes, row in zip(panels, rows, strict=False):
            _panel(axes, row)
        for axes in panels[len(rows) :]:
            axes.axis("off")
        text = StringIO()
        figure.savefig(text, format="svg")
    label = f"share of failures of {escape(name)} by {escape(', '.join(row.name for row in rows))}"
    return with_page_colours(text.getvalue(), label)


def _panel(axes: Axes, row: ParameterRow) -> None:
    unit = f" [{row.unit}]" if row.unit else ""
    axes.set_title(f"{row.name}{unit}", loc="left", fontsize=9.5, pad=3.0)
    for place, one in enumerate(row.bins):
        share, low, high = one.estimate or 0.0, one.low or 0.0, 1.0 if one.high is None else one.high
        axes.bar(place, 100.0 * share, width=0.72, color=BAD, alpha=0.55, linewidth=0)
        axes.plot([place, place], [100.0 * low, 100.0 * high], color=FAINT, linewidth=1.4)
    axes.set_xticks(range(len(row.bins)), [f"{label(one)}\n{one.failures} of {one.situations}" for one in row.bins])
    axes.tick_params(length=0, labelsize=8.0)
    axes.set_ylim(0.0, 100.0)
    axes.set_yticks([0, 50, 100], ["0", "50", "100 %"])
    axes.grid(axis="y", linewidth=0.6)
    axes.set_axisbelow(True)


def label(one: BinRow) -> str:
    """What a bin is called."""
    if one.value is not None:
        return one.value
    if one.start == one.end:
        return f"{one.start:.3g}"
    return f"{one.start:.3g} – {one.end:.3g}".replace("-", "−")
