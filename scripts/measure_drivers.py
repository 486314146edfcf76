"""Print how the programmed drivers do on the suites: one line a driver and metric, with 95 % intervals.

    python scripts/measure_drivers.py [--drivers expert human-model] [--suites lane-keeping obstacle-avoidance]
                                      [--episodes 100] [--seed 0] [--roads DIR] [--split SPLIT] [--by-scenario]
                                      [--output FILE]

Suite real-roads needs ``--roads``, a folder of centre-line CSV files. ``--split`` takes every scenario of the suites'
names in train, validation or test in place of the suites' own choice. ``--by-scenario`` adds lines for each scenario,
and one for every episode in which an encounter was not passed. ``--output`` writes the passes of each scenario as a
Markdown table.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from drive_sim.drivers.registry import make_driver
from drive_sim.evaluation.result_facts import DriverFacts
from drive_sim.evaluation.running.episodes import Conditions, DrivenEpisodes, drive
from drive_sim.evaluation.running.preventability import judge_preventable
from drive_sim.evaluation.statistics.estimates import EpisodeScore, estimate_all
from drive_sim.evaluation.suites.suite import REAL_ROADS, draw_suite, list_suites, load_suite
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.scenarios.scenario import SPLITS, list_scenarios

CRITICAL = ("collision_free_passes", "preventable_collisions", "unavoidable_collisions")
METRICS = {
    "lane-keeping": ("autonomy", "lateral_error_mean", "lateral_error_p95", "lane_departures_per_km"),
    "obstacle-avoidance": ("collision_free_passes", "collisions_per_km", "min_clearance", "min_ttc"),
    "alks": CRITICAL,
    "ncap": CRITICAL,
    REAL_ROADS: ("autonomy", "route_completion", "lateral_error_mean", "lateral_error_max", "lane_departures_per_km"),
}
"""What is printed for each suite; others print ``autonomy`` and ``collision_free_passes``."""
PASSES = "collision_free_passes"
AXES = ("left", "right", "near", "far", "visible", "late")
"""What the names of variants are made of; ``scenarios/README.md`` says what they mean."""


class Measured(NamedTuple):
    """One driver on one suite."""

    suite: str
    driver: str
    scores: Sequence[EpisodeScore]

    @property
    def scenarios(self) -> dict[str, list[EpisodeScore]]:
        """The scores of each scenario."""
        names = sorted({score.facts.scenario for score in self.scores})
        return {name: [score for score in self.scores if score.facts.scenario == name] for name in names}

    @property
    def variants(self) -> dict[str, list[EpisodeScore]]:
        """The scores of each side, distance and notice that variants are named after."""
        named = {word: [score for score in self.scores if word in score.facts.variant.split("-")] for word in AXES}
        return {word: scores for word, scores in named.items() if scores}


def main() -> None:
    """Parse, drive, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drivers", nargs="+", default=["expert", "human-model"])
    parser.add_argument("--suites", nargs="+", choices=list_suites(), default=["lane-keeping", "obstacle-avoidance"])
    parser.add_argument("--episodes", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--roads", type=Path)
    parser.add_argument("--split", choices=SPLITS)
    parser.add_argument("--by-scenario", action="store_true")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    results = []
    for suite in arguments.suites:
        roads = arguments.roads if suite == REAL_ROADS else None
        episodes = draw(suite, arguments.split, arguments.episodes, arguments.seed, roads)
        for name in arguments.drivers:
            measured = Measured(suite, name, measure(name, suite, episodes))
            results.append(measured)
            print_estimates(suite, name, "", measured.scores)
            if arguments.by_scenario:
                for scenario, chosen in measured.scenarios.items():
                    print_estimates(suite, name, scenario, chosen)
                print("".join(f"    {line}\n" for line in failures(measured.scores)), end="")
    if arguments.output is not None:
        arguments.output.write_text(table(results, command(arguments)), encoding="utf-8")


def command(arguments: argparse.Namespace) -> str:
    """The command line that takes these figures again."""
    words = ["python scripts/measure_drivers.py", "--drivers", *arguments.drivers, "--suites", *arguments.suites]
    for name in ("split", "episodes", "seed", "roads", "output"):
        value = getattr(arguments, name)
        words += [f"--{name}", str(value)] if value is not None else []
    return " ".join(words)


def draw(suite_name: str, split: str | None, episodes: int | None, seed: int, roads: Path | None) -> list[Episode]:
    """The suite's episodes, or as many of every scenario of that name in a split."""
    suite = load_suite(suite_name)
    if split is not None:
        suite = suite.model_copy(update={"split": split, "scenarios": tuple(list_scenarios(split, suite_name))})
    return draw_suite(suite, episodes, seed, roads)


def measure(name: str, suite_name: str, episodes: Sequence[Episode]) -> list[EpisodeScore]:
    """Scores of the driver called ``name`` on the episodes, under the suite's rules."""
    suite, driver = load_suite(suite_name), make_driver(name)
    facts = DriverFacts(
        name=driver.name, given=name, hash=None, privileged=driver.privileged, controller=driver.controller
    )
    driven = DrivenEpisodes(facts)
    started = time.perf_counter()
    preventable = judge_preventable(episodes, "cpu", 64, _silent)
    drive(driven, driver, episodes, Conditions(suite.on_failure, "cpu", 64), _silent, preventable=preventable)
    print(f"{suite_name}: {name}: {len(episodes)} episodes in {time.perf_counter() - started:.1f} s")
    return driven.scores


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


def failures(scores: Sequence[EpisodeScore]) -> list[str]:
    """One line an episode in which an encounter was not passed."""
    lines = []
    for score in scores:
        passes = score.value(PASSES)
        if passes < 1.0:
            facts = score.facts
            episode = f"{facts.scenario} {facts.split} {facts.number}"
            where = f"{episode} ({', '.join(filter(None, (facts.variant, facts.weather, facts.road_class)))})"
            lines.append(f"{where}: {score.outcome}, {passes:g} of its encounters passed")
    return lines


def table(results: Sequence[Measured], told: str) -> str:
    """Passes of each driver and scenario as Markdown, the worst episodes below; ``told`` is the command."""
    lines = ["# Who passes which obstacle", "", "Taken again, file and all, by", "", "```", told, "```", ""]
    lines += [
        "A pass: the encounter ended without contact and with progress (`drive_sim/evaluation/metrics/encounters.py`).",
        "Intervals are 95 %.",
    ]
    for measured in results:
        lines += ["", f"## {measured.driver} on {measured.suite}", ""]
        lines += ["| scenario | passed | encounters | share | interval |", "|---|---|---|---|---|"]
        everything = {"all": list(measured.scores), **measured.scenarios}
        lines += [_row(name.split("/")[-1], scores) for name, scores in everything.items()]
        if measured.variants:
            lines += ["", "| variant | passed | encounters | share | interval |", "|---|---|---|---|---|"]
            lines += [_row(name, scores) for name, scores in measured.variants.items()]
        lines += ["", "Not passed:" if (failed := failures(measured.scores)) else "All were passed."]
        lines += ["", *(f"- {line}" for line in failed)] if failed else []
    return "\n".join(lines) + "\n"


def _row(name: str, scores: Sequence[EpisodeScore]) -> str:
    ratios = [score.ratios[PASSES] for score in scores]
    passed, met = (sum(ratio[part] for ratio in ratios) for part in (0, 1))
    found = estimate_all(scores)[PASSES]
    return f"| {name} | {passed:g} | {met:g} | {found.estimate:.2%} | {found.low:.2%} to {found.high:.2%} |"


if __name__ == "__main__":
    main()
