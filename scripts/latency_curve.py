"""How much latency a driver stands: a suite, driven with every command delayed by more and more.

    python scripts/latency_curve.py pilotnet [--suite lane-keeping] [--milliseconds 0 50 100 150 200 300]
        [--episodes N] [--output FILE.png]

Prints a table with 95 % intervals, and draws it where matplotlib is installed (the extra ``report``).
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from drive_sim.evaluation import harness
from drive_sim.evaluation.results import EstimateRow, Results, load_results
from drive_sim.evaluation.suites import load_suite


def measure(driver: str, suite: str, milliseconds: float, episodes: int | None, seed: int) -> Results:
    """The results of one delay, without yardsticks."""
    with tempfile.TemporaryDirectory() as folder:
        harness.evaluate(
            driver, suite, folder, episodes=episodes, seed=seed, latency=milliseconds / 1000.0, yardsticks=False
        )
        return load_results(folder)


def draw(path: Path, title: str, delays: list[float], rows: list[EstimateRow]) -> None:
    """A curve with its intervals as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure((6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    values = [row.estimate for row in rows]
    axes.fill_between(delays, [row.low for row in rows], [row.high for row in rows], alpha=0.2, linewidth=0)
    axes.plot(delays, values, marker="o")
    axes.set(xlabel="delay of every command [ms]", ylabel=rows[0].unit, title=title)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Parse, measure, print, draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("driver")
    parser.add_argument("--suite", default="lane-keeping")
    parser.add_argument("--milliseconds", type=float, nargs="+", default=[0, 50, 100, 150, 200, 300])
    parser.add_argument("--episodes", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    headline = load_suite(arguments.suite).headline
    rows = []
    print(f"| delay | {headline} | 95 % interval | episodes |\n|---|---|---|---|")
    for delay in arguments.milliseconds:
        results = measure(arguments.driver, arguments.suite, delay, arguments.episodes, arguments.seed)
        row = results.metrics[headline]
        rows.append(row)
        print(f"| {delay:g} ms | {row.estimate:.3f} | {row.low:.3f} – {row.high:.3f} | {row.episodes} |", flush=True)
    if arguments.output:
        draw(arguments.output, f"{arguments.driver}: {headline}", arguments.milliseconds, rows)


if __name__ == "__main__":
    main()
