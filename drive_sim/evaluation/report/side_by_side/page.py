"""The page: what differs between A and B, how they were trained, how they drive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drive_sim.base.files import replace_file
from drive_sim.evaluation.outputs import check_file
from drive_sim.evaluation.report import comparison_words, tables, words
from drive_sim.evaluation.report.comparison_page import DifferingEpisode
from drive_sim.evaluation.report.comparison_page import Side as EpisodeSide
from drive_sim.evaluation.report.limits import REAL_WORLD
from drive_sim.evaluation.report.page import templates
from drive_sim.evaluation.report.side_by_side.curves import curves_svg
from drive_sim.evaluation.report.side_by_side.pairs import Pair, Paired, paired, pairs_of
from drive_sim.evaluation.report.side_by_side.settings import differing_settings
from drive_sim.evaluation.report.side_by_side.sides import Side, find_sides
from drive_sim.evaluation.report.third_party import third_party
from drive_sim.evaluation.report.videos import replay_command
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.running.replays import arrived
from drive_sim.world.events import FAILURE_NAMES

SHOWN = 12
"""Episodes in which the two differ that are listed unfolded."""


@dataclass(frozen=True)
class Compared:
    """What was found, in words."""

    page: Path
    verdict: str


def write_comparison(first: str | Path, second: str | Path, page: Path) -> Compared:
    """Compare two results or models, and write the page.

    Raises
    ------
    InputError
        A side is neither, or the page cannot be written.
    ModuleNotFoundError
        The extra ``report`` is missing.
    """
    sides = find_sides(first, second)
    check_file(page, "--output")
    found = _contents(sides)
    replace_file(page, templates().get_template("side_by_side.html").render(**found))
    return Compared(page, found["verdict"])


def _contents(sides: tuple[Side, Side]) -> dict[str, Any]:
    """What the page's template wants to know."""
    labels = (sides[0].label, sides[1].label)
    results = [side.results for side in sides]
    settings = differing_settings(*sides)
    found: dict[str, Any] = {
        "labels": labels,
        "sides": sides,
        "words": words,
        "compared_words": comparison_words,
        "settings": settings,
        "curves": curves_svg(*sides),
        "third_party": [(side.label, third_party(side.results)) for side in sides if side.results],
        "paired": None,
        "families": {},
    }
    if results[0] is None or results[1] is None:
        lacking = [label for label, one in zip(labels, results, strict=True) if one is None]
        count = sum(len(kind.differing) for kind in settings)
        found["verdict"] = f"Settings that differ: {count}. There are no results of {' and '.join(lacking)}."
        return found | {"limits": [REAL_WORLD]}
    both = (results[0], results[1])
    pairs = pairs_of(*both)
    found |= _driven(both, pairs, sides)
    if pairs:
        found |= _paired(paired(pairs, labels), labels, sides)
    else:
        found["verdict"] = f"{labels[0]} and {labels[1]} drove no episode in common: nothing can be paired."
    return found | {"limits": _limits(both, pairs)}


def _driven(both: tuple[Results, Results], pairs: list[Pair], sides: tuple[Side, Side]) -> dict[str, Any]:
    """Every metric of either, as each one's own report has it."""
    columns = [
        tables.Column(one.driver.model_copy(update={"name": side.label}), one.metrics, len(one.episodes))
        for one, side in zip(both, sides, strict=True)
    ]
    return {"columns": columns, "families": tables.family_rows(columns)}


def _paired(found: Paired, labels: tuple[str, str], sides: tuple[Side, Side]) -> dict[str, Any]:
    differing = [_differing(pair, sides) for pair in found.pairs if arrived(pair.rows[0]) != arrived(pair.rows[1])]
    return {
        "paired": found.outcomes,
        "comparison": found.comparison,
        "verdict": comparison_words.outcomes_verdict(found.outcomes, *labels),
        "sentences": [comparison_words.metric_sentence(row, *labels) for row in found.comparison],
        "differing": differing[:SHOWN],
        "further": differing[SHOWN:],
    }


def _differing(pair: Pair, sides: tuple[Side, Side]) -> DifferingEpisode:
    shown = []
    for side, index, row in zip(sides, pair.indices, pair.rows, strict=True):
        ended = words.OUTCOMES.get(row.outcome, row.outcome)
        if row.interventions and row.outcome not in FAILURE_NAMES:
            ended = f"{ended}, helped {words.times(row.interventions)}"
        at = f"after {row.duration_s:.1f} s and {row.distance_m:.0f} m"
        shown.append(EpisodeSide(arrived(row), ended, at, replay_command(side.folder or Path(side.given), index)))
    first = pair.rows[0]
    where = ", ".join(filter(None, (first.scenario, first.weather, first.condition)))
    return DifferingEpisode(pair.indices[0], where, (shown[0], shown[1]), captured=False)


def _limits(both: tuple[Results, Results], pairs: list[Pair]) -> list[str]:
    """What the page cannot show."""
    said = ["That no difference can be shown does not show that there is none: it may be anything within its interval."]
    counts = [len(one.episodes) for one in both]
    if pairs and counts != [len(pairs), len(pairs)]:
        told = f"the {len(pairs)} episodes that both drove, of {counts[0]} and {counts[1]}"
        said.append(f"Paired figures are of {told}; the tables are of all.")
    if all(one.driver.controller == "model" for one in both) and both[0].training_runs is None:
        said.append("One training run each: what differs may be due to a run's seed, not to the recipe.")
    return [*said, REAL_WORLD]
