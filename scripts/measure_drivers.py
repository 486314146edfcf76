"""Print how the programmed drivers do on the suites: one line a driver and metric, with 95 % intervals.

    python scripts/measure_drivers.py [--drivers expert human-model] [--suites lane-keeping obstacle-avoidance]
                                      [--episodes 100] [--seed 0] [--roads DIR] [--by-scenario]

Suite real-roads needs ``--roads``, a folder of centre-line CSV files. ``--by-scenario`` adds lines for each scenario,
and one for every episode in which an encounter was not passed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from drive_sim.drivers.driver import make_driver
from drive_sim.evaluation.drives import Conditions, Drives, drive
from drive_sim.evaluation.estimates import EpisodeScore, estimate_all
from drive_sim.evaluation.preventability import judge_preventable
from drive_sim.evaluation.results import DriverFacts
from drive_sim.evaluation.suites import REAL_ROADS, draw_suite, list_suites, load_suite

CRITICAL = ("collision_free_passes", "preventable_collisions", "unavoidable_collisions")
METRICS = {
    "lane-keeping": ("autonomy", "lateral_error_mean", "lateral_error_p95", "lane_departures_per_km"),
    "obstacle-avoidance": ("collision_free_passes", "collisions_per_km", "min_clearance", "min_ttc"),
    "alks": CRITICAL,
    "ncap": CRITICAL,
    REAL_ROADS: ("autonomy", "route_completion", "lateral_error_mean", "lateral_error_max", "lane_departures_per_km"),
}
"""What is printed for each suite; others print ``autonomy`` and ``collision_free_passes``."""


def main() -> None:
    """Parse, drive, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drivers", nargs="+", default=["expert", "human-model"])
    parser.add_argument("--suites", nargs="+", choices=list_suites(), default=["lane-keeping", "obstacle-avoidance"])
    parser.add_argument("--episodes", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--roads", type=Path)
    parser.add_argument("--by-scenario", action="store_true")
    arguments = parser.parse_args()
    for suite in arguments.suites:
        for name in arguments.drivers:
            roads = arguments.roads if suite == REAL_ROADS else None
            scores = measure(name, suite, arguments.episodes, arguments.seed, roads)
            print_estimates(suite, name, "", scores)
            if arguments.by_scenario:
                for scenario in sorted({score.facts.scenario for score in scores}):
                    chosen = [score for score in scores if score.facts.scenario == scenario]
                    print_estimates(suite, name, scenario, chosen)
                print_failures(scores)


def measure(name: str, suite_name: str, episodes: int | None, seed: int, roads: Path | None) -> list[EpisodeScore]:
    """Scores of the driver called ``name`` on the suite's episodes."""
    suite, driver = load_suite(suite_name), make_driver(name)
    facts = DriverFacts(
        name=driver.name, given=name, hash=None, privileged=driver.privileged, controller=driver.controller
    )
    drives = Drives(facts)
    drawn = draw_suite(suite, episodes, seed, roads)
    started = time.perf_counter()
    preventable = judge_preventable(drawn, "cpu", 64, _silent)
    drive(drives, driver, drawn, Conditions(suite.on_failure, "cpu", 64), _silent, preventable=preventable)
    print(f"{suite_name}: {name}: {len(drawn)} episodes in {time.perf_counter() - started:.1f} s")
    return drives.scores


def _silent(share: float, text: str) -> None:
    """Reports nothing."""


def print_estimates(suite: str, driver: str, scenario: str, scores: Sequence[EpisodeScore]) -> None:
    """One line a metric."""
    estimates = estimate_all(scores)
    for metric in METRICS.get(suite, ("autonomy", "collision_free_passes")):
        found = estimates.get(metric)
        if found is None:
            continue
        low, high = found.low, found.high
        print(f"  {driver:12s} {scenario or suite:40s} {metric:26s} {found.estimate:8.4f}  [{low:.4f}, {high:.4f}]")


def print_failures(scores: Sequence[EpisodeScore]) -> None:
    """One line an episode in which an encounter was not passed."""
    for score in scores:
        passes = score.value("collision_free_passes")
        if passes < 1.0:
            facts = score.facts
            where = f"{facts.scenario} {facts.split} {facts.number} ({facts.weather})"
            print(f"    {where}: {score.outcome}, {passes:g} of its encounters passed")


if __name__ == "__main__":
    main()
