"""The files of a search: failing situations, the suite of them, and scenarios narrowed to where a driver fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drive_sim.base.files import replace_file
from drive_sim.evaluation.suites.suite import Suite
from drive_sim.mining.confirmation import Confirmed
from drive_sim.mining.region import in_words
from drive_sim.mining.results import Mined, ScenarioRow
from drive_sim.mining.search import Found
from drive_sim.mining.situations import SITUATIONS
from drive_sim.world.scenarios.writing import scenario_text

SUITE_NAME = "failures.toml"
"""The suite of every failing validation situation, one episode each."""


def write_situation_files(confirmed: Confirmed, suite: Suite, mined: Mined, folder: Path) -> None:
    """A file for each failing situation; of validation ones a suite, too."""
    for situation, row in zip(confirmed.situations, mined.situations, strict=True):
        description = f"{_searched(mined)}: a situation of {row.scenario} in which it {row.cause}."
        tables = {"description": description, **situation.made[0]}
        replace_file(folder / row.file, scenario_text(tables))
    if mined.situations and mined.split == "validation":
        replace_file(folder / SUITE_NAME, scenario_text(_suite(suite, mined)))


def write_scenario_files(found: Sequence[Found], mined: Mined, folder: Path) -> None:
    """A file for each scenario that is narrowed to where the driver fails."""
    for one, row in zip(found, mined.scenarios, strict=True):
        if one.region is not None and row.file is not None:
            tables, _ = one.space.narrowed_to(one.region)
            description = f"{_searched(mined)}: {row.name} where it fails, {_narrowing(one)}. {shares_in_words(row)}"
            replace_file(folder / row.file, scenario_text({"description": description, **tables}))


def shares_in_words(row: ScenarioRow) -> str:
    """How many situations failed, fresh draws of the narrowed file and uniform ones, in a sentence."""
    fresh, uniform = row.fresh, row.uniform
    drawn = f"{uniform.failures} of {uniform.situations} drawn as the scenario draws"
    if fresh is None:
        return f"Failed: {drawn}."
    return f"Failed: {fresh.failures} of {fresh.situations} fresh draws of this file, {drawn}."


def _searched(mined: Mined) -> str:
    return (
        f"Found by drive-sim mine {mined.driver.given} --suite {mined.suite} --split {mined.split} --seed {mined.seed}"
    )


def _narrowing(found: Found) -> str:
    said = in_words(found.space.parameters, found.region or {})
    return f"narrowed to {', '.join(said)}" if said else "which is everywhere in its ranges"


def _suite(suite: Suite, mined: Mined) -> dict[str, Any]:
    driver = mined.driver.name
    return {
        "purpose": f"Get past {len(mined.situations)} situations of {suite.name} in which {driver} failed.",
        "good_driver": suite.good_driver,
        "split": mined.split,
        "scenarios": [f"{SITUATIONS}/{Path(row.file).name}" for row in mined.situations],
        "on_failure": suite.on_failure,
        "episodes": len(mined.situations),
        "seconds": suite.seconds,
        "headline": suite.headline,
        "baselines": ["expert"],
    }
