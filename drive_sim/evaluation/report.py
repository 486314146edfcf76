"""``report.html``: one file that works offline and says what an evaluation found, in words first.

Everything is inside it: styles, drawings as SVG, videos as MP4 in data addresses. It asks no server for anything.
"""

from __future__ import annotations

import base64
import math
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drive_sim.evaluation import report_tables as tables
from drive_sim.evaluation import report_words as words
from drive_sim.evaluation.drives import under
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.replays import GRAVEST_FIRST, Replay, arrived, replay, worst_first, worst_of_each_kind
from drive_sim.evaluation.report_maps import map_svg
from drive_sim.evaluation.report_plots import LEFT, RIGHT, plots_svg
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.suites import REAL_ROADS
from drive_sim.progress import Report
from drive_sim.world.state import EVENT_FINISH, EVENT_NAMES, EVENT_TIME_OUT

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Driver
    from drive_sim.evaluation.estimates import EpisodeScore
    from drive_sim.evaluation.summary import Evaluation

TEMPLATES = Path(__file__).parent / "templates"
FILMED = 4
"""Worst episodes that are driven again, plotted and filmed."""
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


@dataclass(frozen=True)
class Scene:
    """One of the worst episodes as the page shows it."""

    index: int
    title: str
    moment: str
    failed: bool
    facts: str
    others: str
    clip: str | None
    """Data address of the MP4."""
    poster: str | None
    clip_start: float
    duration: float
    map: str
    plots: str
    again: str
    """Python that makes the episode again."""
    same: bool


def write_report(page: Path, results: Results, evaluation: Evaluation, driver: Driver, report: Report) -> None:
    """Drive the worst episodes again and write the page; ModuleNotFoundError where the extra ``report`` is missing."""
    import jinja2

    scores, traces = evaluation.driver.scores, evaluation.driver.traces
    order = worst_first(scores, evaluation.suite.headline)
    films = replay(
        lambda index: under(evaluation.conditions_of(index), driver),
        evaluation.episodes,
        scores,
        [trace.moment for trace in traces],
        worst_of_each_kind(scores, order, FILMED),
        evaluation.conditions.on_failure,
        evaluation.conditions.device,
        lambda share, text: report(0.9 * share, text),
    )
    report(0.9, "report")
    columns = tables.columns_of(results)
    headline = evaluation.suite.headline
    key = tables.KEY_METRICS.get(headline, (headline,))
    shown = order[:MOST_MAPS]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.get_template("report.html").render(
        results=results,
        suite=evaluation.suite,
        words=words,
        verdict=words.verdict(results, evaluation.suite),
        beside=words.beside(results, evaluation.suite),
        standing=words.standing(results),
        findings=words.findings(results, evaluation.suite),
        columns=columns,
        bars=tables.headline_bars(results, headline),
        headline=headline.replace("_", " "),
        key_rows=tables.metric_rows(key, columns),
        families=tables.family_rows(columns),
        timing=tables.timing_rows(results),
        heat=tables.heat_map(scores, headline),
        outcomes=_outcomes(scores),
        films=[_scene(evaluation, again) for again in films],
        tiles=[_tile(evaluation, index) for index in shown],
        hidden=len(order) - len(shown),
        anything_failed=any(not arrived(score) for score in scores),
        command=command_line(results, evaluation),
        axes=(100.0 * LEFT, 100.0 * RIGHT),
        fewer=tables.yardstick_episodes(results),
    )
    part = page.with_name(page.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(page)


def command_line(results: Results, evaluation: Evaluation) -> str:
    """What to type to get the same results again."""
    parts = ["drive-sim", "evaluate", results.driver.given, "--suite", results.suite]
    if results.roads is not None:
        parts += ["--roads", results.roads]
    parts += ["--episodes", str(len(evaluation.drawn)), "--seed", str(results.seed)]
    if results.seconds is not None:
        parts += ["--seconds", f"{results.seconds:g}"]
    if results.device != "cpu":
        parts += ["--device", results.device]
    for rival in results.comparisons:
        parts += ["--against", rival.driver.given]
    if evaluation.conditions.real_time:
        parts.append("--real-time")
    return shlex.join([*parts, "--output"]) + " DIR"


def _outcomes(scores: Sequence[EpisodeScore]) -> list[dict[str, Any]]:
    """How the drives ended, for a bar: arrivals first, then ever graver; ``tone`` is the class of its colour."""
    tones = {EVENT_NAMES[EVENT_FINISH]: "finish", EVENT_NAMES[EVENT_TIME_OUT]: "time"}
    tones |= {EVENT_NAMES[event]: f"bad{place}" for place, event in reversed(list(enumerate(GRAVEST_FIRST)))}
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


def _place(evaluation: Evaluation, index: int) -> str:
    facts = evaluation.driver.scores[index].facts
    kind = facts.scenario.partition("/")[2] or facts.scenario
    return f"{kind}, {facts.weather}"


def _told(score: EpisodeScore) -> str:
    """How an episode ended, with the help that it took, as a verb."""
    ended = words.OUTCOMES.get(score.outcome, score.outcome)
    # What ended a drive for good counts as an intervention too.
    if not score.interventions or score.outcome in [EVENT_NAMES[event] for event in GRAVEST_FIRST]:
        return ended
    times = {1: "once", 2: "twice"}.get(score.interventions, f"{score.interventions} times")
    return f"{ended}, helped {times}"


def _tile(evaluation: Evaluation, index: int) -> Tile:
    score = evaluation.driver.scores[index]
    title = f"{index} · {_place(evaluation, index)}"
    svg = map_svg(evaluation.driver.traces[index], evaluation.episodes[index], escape(f"map of drive {title}"))
    return Tile(index, svg, title, _told(score), arrived(score))


def _scene(evaluation: Evaluation, again: Replay) -> Scene:
    index = again.index
    score, trace = evaluation.driver.scores[index], evaluation.driver.traces[index]
    headline = METRICS[evaluation.suite.headline]
    value = score.value(headline.name)
    facts = f"{_told(score)} after {score.duration:.1f} s and {score.distance:.0f} m".capitalize()
    if math.isfinite(value):
        facts += f"; {headline.name.replace('_', ' ')} {words.with_unit(value, headline.unit)}"
    title = f"Drive {index}: {_place(evaluation, index)}"
    return Scene(
        index=index,
        title=title,
        moment=f"{trace.moment.what} at {trace.moment.time:.1f} s",
        failed=trace.moment.failed,
        facts=facts,
        others=_others(evaluation, index),
        clip=_address(again.film.clip, "video/mp4"),
        poster=_address(again.film.poster, "image/jpeg"),
        clip_start=again.film.start,
        duration=max(float(again.log.time[-1]), 1.0),
        map=map_svg(trace, evaluation.episodes[index], escape(f"map of {title}")),
        plots=plots_svg(again.log, trace.moment, f"drive {index}"),
        again=_python(evaluation, index),
        same=again.same,
    )


def _others(evaluation: Evaluation, index: int) -> str:
    """How the other drivers fared in the same drive."""
    told = [
        f"{words.in_words(other.facts)} {_told(other.scores[index])}"
        for other in [*evaluation.rivals, *evaluation.yardsticks]
        if index < len(other.scores)
    ]
    return "; ".join(told)


def _python(evaluation: Evaluation, index: int) -> str:
    episode = evaluation.episodes[index]
    if evaluation.suite.name == REAL_ROADS:
        file = f"{evaluation.roads}/{episode.road.name}.csv"
        return f"scenario_for_road(load_road({file!r})).draw({episode.number})"
    return f"load_scenario({episode.scenario!r}, {episode.split!r}).draw({episode.number})"


def _address(data: bytes | None, kind: str) -> str | None:
    return None if data is None else f"data:{kind};base64,{base64.b64encode(data).decode()}"
