"""Which cut-ins the reference driver survives, against the border that UN R157, paragraph 5.2.5.2, draws.

    python scripts/r157_border.py [--driver r157] [--step 0.05] [--json FILE] [--image FILE.png]

Drives a grid of ego speed, relative speed, sideways speed and time to collision at lane intrusion through the simulator
and prints, as Markdown, the share of points on the regulation's side of the border and the largest distance to it; the
same against the border that the driver model's own figures give.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drive_sim.evaluation.plotting import load_matplotlib, shipped_style
from drive_sim.evaluation.suites.cut_in import CutIn, collides, demanded_time, reference_time

KMH = 3.6
EGO_SPEEDS = (60.0, 90.0, 130.0)
"""[km/h]"""
CLOSING_SPEEDS = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0)
"""[km/h], as far as the other still drives at 10 km/h."""
LATERAL_SPEEDS = (0.8, 1.0, 1.4, 1.8)
"""Largest sideways speed [m/s]; the regulation's guidance goes up to 1.8 m/s."""
LONGEST = 3.0
"""Time to collision [s]."""


@dataclass(frozen=True)
class Column:
    """All times to collision of one kind of cut-in."""

    ego_kmh: float
    closing_kmh: float
    lateral_mps: float
    times: tuple[float, ...]
    hit: tuple[bool, ...]
    demanded_s: float
    """Border of paragraph 5.2.5.2."""
    model_s: float
    """Border by the driver model's own figures."""
    warning_s: float
    """From the end of mere wandering to the intrusion."""

    @property
    def border(self) -> float:
        """[s] between the longest time with a collision and the next; 0 without any."""
        hits = [time for time, hit in zip(self.times, self.hit, strict=True) if hit]
        return max(hits) + 0.5 * (self.times[1] - self.times[0]) if hits else 0.0

    def right(self, border: float) -> int:
        """How many of the times lie on the side of ``border`` [s] that their outcome says."""
        return sum((time <= border) == hit for time, hit in zip(self.times, self.hit, strict=True))


def drive_grid(driver: str, step: float) -> list[Column]:
    """The outcome of every cut-in of the grid."""
    times = np.round(np.arange(step, LONGEST + 1e-9, step), 3)
    kinds = [
        (ego, closing, lateral)
        for ego, closing, lateral in product(EGO_SPEEDS, CLOSING_SPEEDS, LATERAL_SPEEDS)
        if closing <= ego - 10.0
    ]
    cut_ins = [CutIn(ego / KMH, closing / KMH, lateral, float(t)) for ego, closing, lateral in kinds for t in times]
    hit: NDArray[np.bool_] = collides(cut_ins, driver).reshape(len(kinds), len(times))
    columns = []
    for (ego, closing, lateral), row in zip(kinds, hit, strict=True):
        cut_in = CutIn(ego / KMH, closing / KMH, lateral, 0.0)
        columns.append(
            Column(
                ego, closing, lateral, tuple(map(float, times)), tuple(map(bool, row)), demanded_time(closing / KMH),
                reference_time(cut_in), cut_in.intrusion_time - cut_in.wandering_time,
            )
        )  # fmt: skip
    return columns


def summarise(columns: list[Column]) -> dict[str, float]:
    """Agreement with both borders: shares [1] and the mean and largest distances in time [s]."""
    points = sum(len(column.times) for column in columns)
    found: dict[str, float] = {"points": points}
    for name, border_of in (("demanded", "demanded_s"), ("model", "model_s")):
        offsets = [column.border - getattr(column, border_of) for column in columns]
        found[f"{name}_right_side"] = sum(column.right(getattr(column, border_of)) for column in columns) / points
        found[f"{name}_mean_offset_s"] = float(np.mean(offsets))
        found[f"{name}_largest_distance_s"] = float(np.max(np.abs(offsets)))
    found["shortest_warning_s"] = min(column.warning_s for column in columns)
    found["longest_warning_s"] = max(column.warning_s for column in columns)
    return found


def table(columns: list[Column]) -> str:
    """Markdown: a row for each sideways speed, and one for all."""
    lines = [
        "| sideways | grid points | on 5.2.5.2's side | border later by, mean | largest distance | on its model's side "
        "| largest distance |",
        "|---|---|---|---|---|---|---|",
    ]
    for lateral in (*LATERAL_SPEEDS, None):
        chosen = [column for column in columns if lateral in (None, column.lateral_mps)]
        found = summarise(chosen)
        lines.append(
            f"| {'all' if lateral is None else f'{lateral:g} m/s'} | {found['points']} "
            f"| {100 * found['demanded_right_side']:.1f} % | {found['demanded_mean_offset_s']:+.2f} s "
            f"| {found['demanded_largest_distance_s']:.2f} s | {100 * found['model_right_side']:.1f} % "
            f"| {found['model_largest_distance_s']:.2f} s |"
        )
    return "\n".join(lines)


@shipped_style()
def draw(path: Path, columns: list[Column]) -> None:
    """Dots of collided and not over relative speed and time to collision, with both borders."""
    from matplotlib.figure import Figure

    shown = (EGO_SPEEDS[0], EGO_SPEEDS[-1])
    figure = Figure((11.0, 6.0), layout="constrained")
    grid = figure.subplots(len(shown), len(LATERAL_SPEEDS), sharex="row", sharey=True)
    for (row, ego), (place, lateral) in product(enumerate(shown), enumerate(LATERAL_SPEEDS)):
        axes = grid[row][place]
        chosen = [column for column in columns if (column.ego_kmh, column.lateral_mps) == (ego, lateral)]
        for wanted, colour, label in ((True, "#c0392b", "collision"), (False, "#9fc5a8", "none")):
            dots = [
                (column.closing_kmh, time)
                for column in chosen
                for time, hit in zip(column.times, column.hit, strict=True)
                if hit is wanted
            ]
            axes.scatter(*zip(*dots, strict=True), s=7, color=colour, label=label, linewidths=0)
        speeds = [column.closing_kmh for column in chosen]
        axes.plot(speeds, [column.demanded_s for column in chosen], "k-", label="UN R157 5.2.5.2")
        axes.plot(speeds, [column.model_s for column in chosen], "k:", label="the model's figures")
        axes.set_title(f"{ego:g} km/h, sideways {lateral:g} m/s", fontsize=9)
        axes.set_ylim(0.0, LONGEST + 0.05)
    figure.supxlabel("slower than the ego by [km/h]")
    figure.supylabel("time to collision at lane intrusion [s]")
    grid[0][0].legend(fontsize=7, loc="upper left")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Parse, drive, print, write, draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--driver", default="r157")
    parser.add_argument("--step", type=float, default=0.05)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--image", type=Path)
    arguments = parser.parse_args()
    if arguments.image:
        load_matplotlib()
    columns = drive_grid(arguments.driver, arguments.step)
    print(table(columns))
    if arguments.json:
        parts = {f"{lateral:g}": [c for c in columns if c.lateral_mps == lateral] for lateral in LATERAL_SPEEDS}
        document = {
            "driver": arguments.driver,
            "step_s": arguments.step,
            "all": summarise(columns),
            "by_lateral_mps": {name: summarise(part) for name, part in parts.items()},
            "columns": [
                {key: value for key, value in asdict(column).items() if key not in ("times", "hit")}
                | {"border_s": column.border, "longest_hit_s": max(
                    (time for time, hit in zip(column.times, column.hit, strict=True) if hit), default=None
                )}
                for column in columns
            ],
        }  # fmt: skip
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if arguments.image:
        draw(arguments.image, columns)


if __name__ == "__main__":
    main()
