"""The tables of suites in README.md and docs/evaluation.md, and of conditions in docs/uncertainty.md."""

from __future__ import annotations

from drive_sim.evaluation.suites.conditions import Condition
from drive_sim.evaluation.suites.suite import Suite, list_suites, load_suite
from scripts.reference.markdown import cell, first_sentence, markdown, meanings

ENDS = {"reset_to_lane": "reset to lane", "terminate": "the episode ends"}


def episodes(suite: Suite) -> str:
    """How many episodes a suite drives, in words."""
    if suite.episodes is None:
        return "one a road"
    return f"{suite.episodes} a condition" if suite.conditions else str(suite.episodes)


def readme_tables() -> dict[str, str]:
    """The tables of README.md by the name in their markers."""
    rows = [(f"`{name}`", first_sentence(load_suite(name).purpose)) for name in list_suites()]
    return {"suites": markdown(("suite", "asks"), rows)}


def suite_tables() -> dict[str, str]:
    """The tables of docs/evaluation.md by the name in their markers."""
    rows = []
    for name in list_suites():
        suite = load_suite(name)
        told = cell(suite.purpose), cell(suite.good_driver), ENDS[suite.on_failure], episodes(suite)
        rows.append((f"`{name}`", *told))
    return {"suites": markdown(("suite", "what it asks", "a good driver", "on failure", "episodes"), rows)}


def condition_tables() -> dict[str, str]:
    """The table of docs/uncertainty.md by the name in its marker."""
    rows = [(f"`{name}`", cell(meaning)) for name, (_, meaning) in meanings(Condition).items()]
    return {"conditions": markdown(("field", "what it does"), rows)}
