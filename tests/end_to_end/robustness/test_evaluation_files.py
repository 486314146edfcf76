"""Results, thresholds and suites from files that are wrong in any way: a result or one clear line, and soon."""

from __future__ import annotations

from pathlib import Path

import pytest

from drive_sim.base.resources import suite_files
from drive_sim.evaluation.harness import evaluate
from drive_sim.evaluation.report.junit import write_junit
from drive_sim.evaluation.report.training_seeds import told
from drive_sim.evaluation.report.words import energy
from drive_sim.evaluation.results import load_results
from drive_sim.evaluation.running.scored_episode import load_scored
from drive_sim.evaluation.suites import suite as suite_module
from drive_sim.evaluation.suites.suite import draw_suite, load_suite
from drive_sim.evaluation.thresholds import judge, load_thresholds
from tests.base.mutations import count, mutate_json, try_mutations

THRESHOLDS = """
[autonomy]
at_least = 0.95
bound = "low"

[collisions_per_km]
at_most = 0.5

[success]
at_least = 0.9
"""


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``results.json`` of two drivers on two short episodes."""
    folder = tmp_path_factory.mktemp("results")
    evaluate("straight", "lane-keeping", folder, videos=0, episodes=2, seconds=1.0, against=["expert"], baselines=False)
    return folder / "results.json"


@pytest.fixture
def results_file(scored: Path, tmp_path: Path) -> Path:
    path = tmp_path / "results.json"
    path.write_bytes(scored.read_bytes())
    return path


def use(path: Path) -> None:
    """Everything that reads results: sentences about them, JUnit, driving an episode again."""
    results = load_results(path)
    told(results)
    energy(results)
    write_junit(path.with_suffix(".xml"), results, judge(results, {}))
    load_scored(path, 1)
    load_scored(path, 0, "expert")


@pytest.mark.slow
def test_mutated_results_are_read_or_refused_in_one_line(results_file: Path) -> None:
    use(results_file)
    assert try_mutations(results_file, use, count(60), mutate_json) > 0


def test_mutated_thresholds_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "thresholds.toml"
    path.write_text(THRESHOLDS, encoding="utf-8")
    load_thresholds(path)
    assert try_mutations(path, load_thresholds, count(200)) > 0


@pytest.mark.parametrize("name", ["obstacle-avoidance", "uncertainty"])
@pytest.mark.slow
def test_a_mutated_suite_is_drawn_or_refused_in_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"{name}.toml"
    path.write_bytes(suite_files()[name].read_bytes())
    monkeypatch.setattr(suite_module, "suite_files", lambda: {name: path})

    def draw(_: Path) -> None:
        draw_suite(load_suite(name), 2)

    draw(path)
    assert try_mutations(path, draw, count(60)) > 0
