"""How much latency a driver stands: a suite, driven with every command delayed by more and more.

    python scripts/latency_curve.py pilotnet [--suite lane-keeping] [--milliseconds 0 50 100 150 200 250 300]
        [--metrics lateral_error_mean] [--episodes N] [--output FILE.png] [--json FILE.json]

Prints a table of the suite's headline and of further metrics with 95 % intervals; draws it where matplotlib is
installed (the extra ``report``).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from drive_sim.evaluation import harness
from drive_sim.evaluation.plotting import load_matplotlib, shipped_style
from drive_sim.evaluation.result_rows import EstimateRow
from drive_sim.evaluation.results import Results, load_results
from drive_sim.evaluation.suites.suite import load_suite

Curves = dict[str, list[EstimateRow]]
"""An estimate for each delay, by metric."""


def measure(driver: str, suite: str, milliseconds: float, episodes: int | None, seed: int) -> Results:
    """The results of one delay, without baselines."""
    with tempfile.TemporaryDirectory() as folder:
        harness.evaluate(
            driver, suite, folder, episodes=episodes, seed=seed, latency=milliseconds / 1000.0, baselines=False
        )
        return load_results(folder)


@shipped_style()
def draw(path: Path, title: str, delays: Sequence[float], curves: Curves) -> None:
    """A curve with its intervals for each metric, side by side, as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure((4.2 * len(curves), 3.4), layout="constrained")
    figure.suptitle(title)
    for axes, (name, rows) in zip(figure.subplots(1, len(curves), squeeze=False)[0], curves.items(), strict=True):
        axes.fill_between(delays, [row.low for row in rows], [row.high for row in rows], alpha=0.2, linewidth=0)
        axes.plot(delays, [row.estimate for row in rows], marker="o")
        unit = "" if rows[0].unit == "1" else f" [{rows[0].unit}]"
        axes.set(xlabel="delay of every command [ms]", ylabel=f"{name.replace('_', ' ')}{unit}")
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def parse() -> argparse.Namespace:
    """The arguments of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("driver")
    parser.add_argument("--suite", default="lane-keeping")
    parser.add_argument("--milliseconds", type=float, nargs="+", default=[0, 50, 100, 150, 200, 250, 300])
    parser.add_argument("--metrics", nargs="*", default=["lateral_error_mean"])
    parser.add_argument("--episodes", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    """Measure, print, write, draw."""
    arguments = parse()
    if arguments.output:
        load_matplotlib()
    curves: Curves = {name: [] for name in (load_suite(arguments.suite).headline, *arguments.metrics)}
    columns = " | ".join(f"{name} | 95 % interval" for name in curves)
    print(f"| delay | {columns} | episodes |\n|{'---|' * (2 * len(curves) + 2)}")
    for delay in arguments.milliseconds:
        results = measure(arguments.driver, arguments.suite, delay, arguments.episodes, arguments.seed)
        for name, rows in curves.items():
            rows.append(results.metrics[name])
        last = [rows[-1] for rows in curves.values()]
        cells = " | ".join(f"{row.estimate:.3f} | {row.low:.3f} – {row.high:.3f}" for row in last)
        print(f"| {delay:g} ms | {cells} | {len(results.episodes)} |", flush=True)
    if arguments.json:
        found = {name: [row.model_dump() for row in rows] for name, rows in curves.items()}
        facts = {"driver": results.driver.model_dump(), "suite": results.suite, "seed": results.seed}
        machine = results.machine and results.machine.model_dump()
        document = {
            **facts,
            "versions": results.versions,
            "machine": machine,
            "delay_ms": arguments.milliseconds,
            "metrics": found,
        }
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if arguments.output:
        draw(arguments.output, f"{arguments.driver}, {arguments.suite}", arguments.milliseconds, curves)


if __name__ == "__main__":
    main()
