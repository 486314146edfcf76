"""How fast it was, commit by commit: draws the entries that ``drive-sim bench --history`` wrote.

    python scripts/figures/benchmark_history.py [--history FOLDER] [--output FILE.png]

A panel for each of the figures below and a line for each processor, in the order of date; hollow where the machine was
shared while it was measured.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from drive_sim.base.files import listed
from drive_sim.evaluation.plotting import shipped_style

DOCS = Path(__file__).resolve().parents[2] / "docs"
SHOWN = {
    "step.1": "1 world steps, 8 actors",
    "env.camera": "env.step, camera 66×200",
    "camera.dry": "an image 66×200",
    "closed_loop": "physics, camera and network",
    "training.ready": "a view in training",
}
"""Figures that have a panel, in words."""


def load_entries(folder: Path) -> list[dict[str, Any]]:
    """The history's files, by date and commit."""
    entries = [json.loads(path.read_text(encoding="utf-8")) for path in listed(folder, "*.json")]
    return sorted(entries, key=lambda entry: (entry["date"], entry["commit"]))


def curves(entries: list[dict[str, Any]], key: str) -> dict[str, list[tuple[int, float, bool]]]:
    """(number of the entry, processor time [µs], shared) of one figure, by processor."""
    found: dict[str, list[tuple[int, float, bool]]] = defaultdict(list)
    for number, entry in enumerate(entries):
        figure = entry["figures"].get(key, {})
        if "processor_us" in figure:
            found[entry["machine"]["device"]].append((number, figure["processor_us"], entry["shared"]))
    return dict(found)


@shipped_style()
def draw(entries: list[dict[str, Any]], path: Path) -> None:
    """The drawing, PNG or SVG by the name of ``path``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 2.0 * len(SHOWN)), layout="constrained")
    panels = figure.subplots(len(SHOWN), 1, sharex=True, squeeze=False)[:, 0]
    colours = {name: f"C{n}" for n, name in enumerate(sorted({entry["machine"]["device"] for entry in entries}))}
    for panel, (key, what) in zip(panels, SHOWN.items(), strict=True):
        for device, points in curves(entries, key).items():
            numbers, times, _ = zip(*points, strict=True)
            panel.plot(numbers, times, color=colours[device], label=device)
            for number, time, busy in points:
                face = "white" if busy else colours[device]
                panel.plot([number], [time], "o", color=colours[device], markerfacecolor=face)
        panel.set_title(what, loc="left", fontsize="medium")
        panel.set_ylabel("processor [µs]")
        panel.set_ylim(bottom=0.0)
        panel.grid(alpha=0.3)
    labels = [f"{entry['date']}\n{entry['commit']}" for entry in entries]
    panels[-1].set_xticks(range(len(entries)), labels, fontsize="small")
    panels[-1].set_xlim(-0.5, len(entries) - 0.5)
    panels[0].legend(fontsize="small")
    figure.savefig(path, dpi=110)


def main(arguments: list[str] | None = None) -> None:
    """Read the history and draw it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", type=Path, default=DOCS / "benchmarks" / "history")
    parser.add_argument("--output", type=Path, default=DOCS / "images" / "benchmark-history.png")
    options = parser.parse_args(arguments)
    entries = load_entries(options.history)
    if not entries:
        parser.error(f"{options.history}: holds no entry; drive-sim bench --history {options.history} writes one")
    draw(entries, options.output)
    print(f"{len(entries)} entries in {options.output}")


if __name__ == "__main__":
    main()
