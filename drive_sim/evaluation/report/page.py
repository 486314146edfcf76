"""``report.html``: one file that works offline and says what an evaluation found, in words first.

Everything is inside it: styles, drawings as SVG, videos as MP4 in data addresses. It asks no server for anything.
For each driver compared with, a page of the same kind lies beside it (`comparison_page`).
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drive_sim.base.files import replace_file
from drive_sim.base.progress import Report
from drive_sim.evaluation.plotting import load_matplotlib
from drive_sim.evaluation.report import comparison_page, tables, words
from drive_sim.evaluation.report import comparison_words as report_comparison_words
from drive_sim.evaluation.report.failures import failures
from drive_sim.evaluation.report.heat_map import heat_map
from drive_sim.evaluation.report.limits import limits
from drive_sim.evaluation.report.maps import map_svg
from drive_sim.evaluation.report.plots import LEFT, RIGHT
from drive_sim.evaluation.report.third_party import third_party
from drive_sim.evaluation.report.training_seeds import told as told_of_training_runs
from drive_sim.evaluation.report.training_seeds import training_runs_section
from drive_sim.evaluation.report.videos import place, shown_episode, told
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.running.episodes import BATCH
from drive_sim.evaluation.running.replays import arrived, replay, worst_first, worth_capturing
from drive_sim.evaluation.video.clip import check_encoder
from drive_sim.world.events import FAILURE_NAMES
from drive_sim.world.state import EVENT_FINISH, EVENT_NAMES, EVENT_TIME_OUT

if TYPE_CHECKING:
    import jinja2

    from drive_sim.drivers.driver import Driver
    from drive_sim.evaluation.running.summary import Evaluation
    from drive_sim.evaluation.statistics.estimates import EpisodeScore

TEMPLATES = Path(__file__).parent / "templates"
VIDEOED_AT_LEAST = 3
"""Closest calls are captured where fewer episodes failed."""
MOST_MAPS = 120
"""Maps shown, worst first: more would make the page slow on a phone."""


@dataclass(frozen=True)
class Tile:
    """A small map with what it shows in words."""

    index: int
    svg: str
    title: str
    outcome: str
    fine: bool


def write_report(
    page: Path,
    results: Results,
    evaluation: Evaluation,
    drivers: Sequence[Driver],
    videos: int | None,
    report: Report,
) -> None:
    """Capture failed episodes and write the page, and one for each compared driver beside it.

    ``drivers`` are the driver and then those it is compared with; ``videos`` says how many failed episodes are captured
    at most, every one if None. ModuleNotFoundError where the extra ``report`` is missing.
    """
    environment = templates()
    shared = {
        "results": results,
        "suite": evaluation.suite,
        "words": words,
        "compared_words": report_comparison_words,
        "command": command_line(results, evaluation),
        "third_party": third_party(results),
        "axes": (100.0 * LEFT, 100.0 * RIGHT),
    }
    names = comparison_page.page_names(results.comparisons)
    parts = 1 + len(names)

    def part(number: int) -> Report:
        return lambda share, text: report((number + 0.95 * share) / parts, text)

    for number, name in enumerate(names):
        pair = (drivers[0], drivers[1 + number])
        found = comparison_page.comparison_page(results, evaluation, number, pair, page.parent, videos, part(number))
        replace_file(page.with_name(name), environment.get_template("comparison.html").render(**shared, **found))
    found = _main_page(results, evaluation, drivers[0], page.parent, names, videos, part(len(names)))
    replace_file(page, environment.get_template("report.html").render(**shared, **found))


def check_report(videos: int | None) -> None:
    """Make sure, before anything is driven, that the report can be drawn and its videos, if any, be encoded.

    Raises
    ------
    InputError
        if the encoder or the user's matplotlib cannot be used.
    ModuleNotFoundError
        where the extra ``report`` is missing.
    """
    environment = templates()
    for name in environment.list_templates(extensions=["html"]):
        environment.get_template(name)
    load_matplotlib()
    if videos != 0:
        check_encoder()


def templates() -> jinja2.Environment:
    """The templates of the pages; ModuleNotFoundError where the extra ``report`` is missing."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


def _main_page(
    results: Results,
    evaluation: Evaluation,
    driver: Driver,
    folder: Path,
    pages: Sequence[str],
    most_videos: int | None,
    report: Report,
) -> dict[str, Any]:
    """What the main page's template wants to know."""
    scores, headline = evaluation.driver.scores, evaluation.suite.headline
    order = worst_first(scores, headline)
    which = worth_capturing(scores, order, most_videos, VIDEOED_AT_LEAST)
    others = [*evaluation.compared, *evaluation.baselines]
    videos = [
        shown_episode(evaluation, evaluation.driver, again, folder, others)
        for again in replay(evaluation, evaluation.driver, driver, which, report)
    ]
    columns = tables.columns_of(results)
    return {
        "verdict": words.verdict(results, evaluation.suite),
        "beside": words.beside(results, evaluation.suite),
        "standing": report_comparison_words.standing(results),
        "retrained": told_of_training_runs(results),
        "findings": words.findings(results, evaluation.suite),
        "limits": limits(results, evaluation.suite),
        "columns": columns,
        "bars": tables.headline_bars(results, headline),
        "scale": tables.headline_scale(results, headline),
        "headline": headline.replace("_", " "),
        "key_rows": tables.metric_rows(tables.KEY_METRICS.get(headline, (headline,)), columns),
        "families": tables.family_rows(columns),
        "timing": tables.timing_rows(results),
        "training_runs": training_runs_section(results),
        "compared": [comparison_page.summary(results, evaluation, k, page) for k, page in enumerate(pages)],
        "heat": heat_map(scores, results.episodes, headline, results.seed),
        "outcomes": _outcomes(scores),
        "failures": failures(results, evaluation, order, folder, videos),
        "close_calls": [video for video in videos if arrived(scores[video.index])],
        "tiles": [_tile(evaluation, index) for index in order[:MOST_MAPS]],
        "hidden": max(len(order) - MOST_MAPS, 0),
        "fewer": tables.baseline_episodes(results),
    }


def command_line(results: Results, evaluation: Evaluation) -> str:
    """What to type to get the same results again: every argument of the command that is not as usual."""
    conditions = evaluation.conditions
    parts = ["drive-sim", "evaluate", results.driver.given]
    for name, value in results.driver.options.items():
        parts += ["--driver-option", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    if results.scenario is None:
        parts += ["--suite", results.suite if results.suite_source is None else results.suite_source.file]
    else:
        parts += ["--scenario", results.scenario.given, "--split", results.scenario.split]
    for metrics in evaluation.chosen.metrics:
        parts += ["--metrics", str(metrics)]
    if results.roads is not None:
        parts += ["--roads", results.roads]
    parts += ["--episodes", str(len(evaluation.drawn)), "--seed", str(results.seed)]
    if results.seconds is not None:
        parts += ["--seconds", str(results.seconds)]
    if conditions.batch != BATCH[results.device]:
        parts += ["--batch", str(conditions.batch)]
    if results.device != "cpu":
        parts += ["--device", results.device]
    for run in results.training_runs.runs if results.training_runs else ():
        parts += ["--training-runs", run.driver.given]
    for other in results.comparisons:
        parts += ["--against", other.driver.given]
    if conditions.real_time:
        parts.append("--real-time")
    if results.latency_s:
        parts += ["--latency", f"{1000.0 * results.latency_s:g}"]
    if not evaluation.beside_baselines:
        parts.append("--no-baselines")
    return shlex.join([*parts, "--output"]) + " DIR"


def _outcomes(scores: Sequence[EpisodeScore]) -> list[dict[str, Any]]:
    """How the episodes ended, for a bar: arrivals first, then ever graver; ``tone`` is the class of its colour."""
    tones = {EVENT_NAMES[EVENT_FINISH]: "finish", EVENT_NAMES[EVENT_TIME_OUT]: "time"}
    tones |= {name: f"bad{place}" for place, name in reversed(list(enumerate(FAILURE_NAMES)))}
    counted = Counter(score.outcome for score in scores)
    known = [outcome for outcome in tones if outcome in counted]
    return [
        {
            "what": outcome,
            "count": counted[outcome],
            "share": 100.0 * counted[outcome] / len(scores),
            "tone": tones.get(outcome, "time"),
        }
        for outcome in [*known, *sorted(counted.keys() - set(known))]
    ]


def _tile(evaluation: Evaluation, index: int) -> Tile:
    score = evaluation.driver.scores[index]
    title = f"{index} · {place(score)}"
    svg = map_svg(evaluation.driver.traces[index], evaluation.episodes[index], escape(f"map of episode {title}"))
    return Tile(index, svg, title, told(score), arrived(score))
