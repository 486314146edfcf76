"""A model and its further training runs, end to end: all drive the same, the worst is named, others are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from drive_sim.base.errors import InputError
from drive_sim.cli import main as cli
from drive_sim.drivers.neural.model_folder import save_model
from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.evaluation import harness
from drive_sim.evaluation.harness import evaluate
from drive_sim.evaluation.report import page as report
from drive_sim.evaluation.report.limits import limits
from drive_sim.evaluation.report.training_seeds import told, training_runs_section
from drive_sim.evaluation.result_facts import DriverFacts
from drive_sim.evaluation.result_rows import AcrossRow, EstimateRow, TrainingRun, TrainingRuns
from drive_sim.evaluation.results import Results, load_results
from drive_sim.evaluation.running.scored_episode import load_scored
from drive_sim.evaluation.suites.suite import load_suite
from drive_sim.sensors.camera.rig import CameraConfig

pytestmark = pytest.mark.slow

NETWORK = NetworkSettings(channels=(8, 8, 8, 8, 8), dense=(16, 16))


def write(
    folder: Path,
    seed: int,
    network: NetworkSettings = NETWORK,
    camera: CameraConfig | None = None,
    views: int = 1000,
    minutes: float = 10.0,
) -> None:
    """A randomly initialised model of that seed."""
    torch.manual_seed(seed)
    training = {"settings": {"views": views, "seed": seed}, "minutes": minutes}
    save_model(folder, build_network(network), camera or CameraConfig(), training, "# a card\n")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three training runs alike, seed-0 to seed-2, and of models that are not like them."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in range(3):
        write(folder / f"seed-{seed}", seed)
    write(folder / "copy", 1)
    write(folder / "wider", 3, replace(NETWORK, dense=(32, 16)))
    write(folder / "higher", 4, camera=replace(CameraConfig(), z=2.0))
    write(folder / "longer", 5, views=2000)
    write(folder / "other-drives", 6, minutes=12.5)
    return folder


@pytest.fixture(scope="module")
def scored(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation of the three, a few seconds of a few episodes each; with its page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "VIDEOED_AT_LEAST", 0)
        folder = tmp_path_factory.mktemp("evaluation")
        arguments: dict[str, Any] = {"episodes": 4, "seconds": 4.0, "baselines": False}
        evaluate(
            models / "seed-0", "lane-keeping", folder, training_runs=[str(models / "seed-*")], videos=0, **arguments
        )
    return folder


def test_every_training_drives_the_same_roads(scored: Path, models: Path) -> None:
    results = load_results(scored)
    assert results.training_runs is not None
    assert [one.driver.given for one in results.training_runs.runs] == [str(models / f"seed-{k}") for k in (1, 2)]
    for one in results.training_runs.runs:
        assert [row.seed for row in one.episodes] == [row.seed for row in results.episodes]
        assert one.driver.hash != results.driver.hash
    errors = [one.metrics["lateral_error_mean"].estimate for one in (results, *results.training_runs.runs)]
    across = results.training_runs.metrics["lateral_error_mean"]
    assert across.estimate == pytest.approx(sum(errors) / 3)  # type: ignore[arg-type]
    assert across.worst == max(errors)  # type: ignore[type-var]
    assert across.training_runs == 3 and across.iqm is None


def test_each_training_scores_as_it_does_alone(scored: Path, models: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(report, "write_report", lambda page, *_: page.touch())
    evaluate(models / "seed-2", "lane-keeping", tmp_path, episodes=4, seconds=4.0, baselines=False)
    alone, together = load_results(tmp_path), load_results(scored)
    assert together.training_runs is not None
    assert together.training_runs.runs[1].metrics == alone.metrics
    assert together.training_runs.runs[1].episodes == alone.episodes


def test_a_drive_of_a_further_training_can_be_driven_again(scored: Path, models: Path) -> None:
    again = load_scored(scored, 2, str(models / "seed-1"))
    assert again.driver.name == "seed-1"
    assert again.row == load_results(scored).training_runs.runs[0].episodes[2]  # type: ignore[union-attr]
    assert load_scored(scored, 2, "seed-1").row == again.row


def test_the_page_has_a_row_for_each_training_and_the_command_that_makes_it_again(scored: Path, models: Path) -> None:
    page = (scored / "report.html").read_text(encoding="utf-8")
    assert '<section id="training-runs">' in page and 'href="#training-runs"' in page
    section = page[page.index('<section id="training-runs">') :]
    section = section[: section.index("</section>")]
    for name in ("mean of three", "seed-0", "seed-1", "seed-2", "interquartile mean", "say little about the next one"):
        assert name in section
    assert section.count('class="dot"') == 4
    assert section.count("the worst; ") == 1
    assert f"--training-runs {models / 'seed-1'} --training-runs {models / 'seed-2'}" in page


def test_without_further_training_runs_nothing_is_said_of_any(page: str, results: Results) -> None:
    assert results.training_runs is None
    assert 'id="training-runs"' not in page


@pytest.mark.parametrize(
    ("driver", "training_runs", "complaint"),
    [
        ("expert", ["{}/seed-1"], "means nothing to expert, which was not trained; leave it out"),
        ("{}/seed-0", ["expert"], "expert was not trained; name models trained as"),
        ("{}/seed-0", ["keyboard"], "keyboard needs a person at it"),
        ("{}/seed-0", ["{}/nothing"], "there is no driver"),
        ("{}/seed-0", ["{}/none-*"], "no folder matches"),
        ("{}/seed-0", ["{}/seed-0"], "seed-0 has the same weights as"),
        ("{}/seed-0", ["{}/seed-1", "{}/copy"], "copy has the same weights as"),
        ("{}/seed-0", ["{}/wider"], "has network dense (32, 16), "),
        ("{}/seed-0", ["{}/higher"], "has camera z 2.0, "),
        ("{}/seed-0", ["{}/longer"], "has training views 2000, "),
        ("{}/seed-0", ["{}/other-drives"], "has training minutes 12.5, "),
    ],
)
def test_models_not_trained_alike_are_refused_in_one_line_before_anything_is_driven(
    driver: str, training_runs: list[str], complaint: str, models: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(harness, "drive", lambda *_, **__: pytest.fail("something was driven"))
    line = ["evaluate", driver.format(models), "--suite", "lane-keeping", "--output", str(tmp_path / "out")]
    for name in training_runs:
        line += ["--training-runs", name.format(models)]
    assert cli.run(line) == cli.BAD_INPUT
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("drive-sim: --training-runs: ") and complaint in said and "; " in said
    with pytest.raises(InputError):
        evaluate(
            driver.format(models),
            "lane-keeping",
            tmp_path,
            training_runs=[name.format(models) for name in training_runs],
        )


def test_an_interruption_counts_only_training_runs_that_drove_everything(models: Path, tmp_path: Path) -> None:
    def interrupt(share: float, text: str) -> None:
        if text.startswith("seed-2: 2 of 4"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(
            models / "seed-0", "lane-keeping", tmp_path, interrupt,
            training_runs=[models / "seed-1", models / "seed-2"], episodes=4, seconds=2.0, batch=2, baselines=False,
        )  # fmt: skip
    kept = load_results(tmp_path)
    assert not kept.complete and kept.training_runs is not None
    assert [one.driver.name for one in kept.training_runs.runs] == ["seed-1"]


@pytest.fixture
def trained(made_results: Results) -> Callable[..., Results]:
    """Results of as many training runs as shares of autonomy are given; the first is the driver's."""

    def make(*shares: float, **across: Any) -> Results:
        facts = [
            DriverFacts(name=f"seed-{k}", given=f"runs/seed-{k}", hash=str(k), privileged=False, controller="model")
            for k in range(len(shares))
        ]
        rows = [
            {"autonomy": EstimateRow(estimate=x, low=x - 0.02, high=x + 0.001, unit="1", episodes=3, basis=180.0)}
            for x in shares
        ]
        mean = {"estimate": 0.981, "low": 0.95, "high": 0.997, "iqm": 0.985, "spread": 0.01, "worst": min(shares)}
        training_runs = TrainingRuns(
            headline="autonomy",
            worst=facts[shares.index(min(shares))].given,
            metrics={"autonomy": AcrossRow(**mean | across, unit="1", training_runs=len(shares))},
            runs=[
                TrainingRun(driver=one, metrics=row, episodes=made_results.episodes)
                for one, row in zip(facts[1:], rows[1:], strict=True)
            ],
        )
        return made_results.model_copy(update={"driver": facts[0], "metrics": rows[0], "training_runs": training_runs})

    return make


def test_the_verdict_says_what_five_runs_are_worth_and_names_the_worst(
    trained: Callable[..., Results],
) -> None:
    assert told(trained(0.99, 0.985, 0.96, 0.98, 0.99)) == (
        "Five training runs: autonomy 98.1 % (95 % interval 95 to 99.7 %), interquartile mean 98.5\u00a0%; "
        "the worst, seed-2, 96\u00a0%."
    )


def test_of_training_runs_that_drove_the_same_none_is_called_the_worst(trained: Callable[..., Results]) -> None:
    found = trained(1.0, 1.0, spread=0.0)
    assert "; each the same." in told(found) and "the worst" not in told(found)
    section = training_runs_section(found)
    assert section is not None and not any("the worst" in bar.small for bar in section.bars)


def test_fewer_than_five_training_runs_are_said_to_say_little(trained: Callable[..., Results]) -> None:
    said = told(trained(0.99, 0.96, iqm=None))
    assert said.startswith("Two training runs: autonomy 98.1 %") and "interquartile" not in said
    assert said.endswith("Two training runs say little about the next one: it takes at least five.")
    assert "say little" not in told(trained(0.99, 0.98, 0.97, 0.96, 0.95))


def test_the_worst_of_five_is_not_the_worst_there_is(trained: Callable[..., Results]) -> None:
    """All five of the better share p of training runs: p^5 ≥ 5 % up to p = 54.9 %."""
    said = " ".join(limits(trained(0.99, 0.985, 0.96, 0.98, 0.99), load_suite("lane-keeping")))
    assert "none of five training runs is worse than 96\u00a0% shows, with 95 % confidence, that " in said
    assert "fewer than 45.1 %" in said
    assert "one network of one training" not in said


def test_in_the_chart_better_training_runs_stand_further_right_and_the_mean_is_first(
    trained: Callable[..., Results],
) -> None:
    section = training_runs_section(trained(0.99, 0.985, 0.96, 0.98, 0.99))
    assert section is not None
    assert [bar.name for bar in section.bars] == ["mean of five", *(f"seed-{k}" for k in range(5))]
    assert [bar.main for bar in section.bars] == [True] + [False] * 5
    at = [bar.at for bar in section.bars[1:]]
    assert at[2] < at[3] < at[1] < at[0] == at[4]
    assert all(0.0 <= bar.low <= bar.at <= bar.high <= 100.0 for bar in section.bars)
    # From the least lower bound, 94 %, to the greatest upper one, 99.7 %, and a little more.
    assert section.ends[0].startswith("93.8") and section.ends[1].startswith("99.")
    assert [bar.small for bar in section.bars if bar.small.startswith("the worst")] == [
        "the worst; none of 3 episodes failed"
    ]


def test_two_training_runs_of_one_name_are_told_apart_by_their_folders(trained: Callable[..., Results]) -> None:
    found = trained(0.99, 0.96)
    assert found.training_runs is not None
    other = found.training_runs.runs[0]
    twin = other.model_copy(update={"driver": other.driver.model_copy(update={"name": "seed-0"})})
    found = found.model_copy(update={"training_runs": found.training_runs.model_copy(update={"runs": [twin]})})
    assert "the worst, runs/seed-1, 96" in told(found)
