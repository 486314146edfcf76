"""The whole pipeline, small: a modelled person drives, a network learns, roads it never saw judge it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from drive_sim.base.errors import InputError
from drive_sim.cli.demo_pipeline import (
    DEMOS,
    HARD,
    LATE,
    SUITES,
    DemoRecording,
    DemoSettings,
    RecordedPart,
    _record,
    demo_episodes,
    run_demo,
)
from drive_sim.learning.recipe import load_recipe
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.journal import LOCK, LOG, journal_folders
from drive_sim.recording.recorder import Recorder
from drive_sim.world.scenarios.scenario import list_scenarios

TINY = DemoSettings(recorded=(RecordedPart("lane-keeping", 1, 5.0),), views=128, episodes=(2, 2), videos=1)
SHORT = [RecordedPart("lane-keeping", 1, 1.0)]


def silent(name: str):  # type: ignore[no-untyped-def]
    return lambda share, text: None


@pytest.mark.slow
@pytest.mark.thorough
def test_the_demo_records_trains_and_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "demo"
    pages = run_demo(output, silent, settings=TINY)
    dataset = Dataset.open(output / "dataset")
    assert {episode.provenance["split"] for episode in dataset} == {"train"}
    assert (output / "model" / "weights.safetensors").is_file()
    for page in pages:
        results = json.loads((page.parent / "results.json").read_text())
        assert page.is_file() and results["driver"]["name"] == "model"
        assert len(results["episodes"]) == 2

    # Started again it goes on where it was: nothing is recorded twice, and the same is evaluated.
    evaluated: list[tuple[str, str]] = []
    monkeypatch.setattr("drive_sim.evaluation.harness.evaluate", lambda *call, **_: evaluated.append(call[:2]))
    run_demo(output, silent, settings=TINY)
    assert len(Dataset.open(output / "dataset")) == len(dataset)
    assert evaluated == [(str(output / "model"), suite) for suite in SUITES]


def test_the_demo_records_every_training_scenario_and_twice_what_is_hard() -> None:
    lanes, obstacles = (demo_episodes(1, suite, count) for suite, count in zip(SUITES, (1, 2), strict=True))
    assert {(episode.split, episode.number // 1000) for episode in lanes + obstacles} == {("train", 1)}
    assert {episode.scenario for episode in obstacles} == set(list_scenarios("train", "obstacle-avoidance"))
    assert {episode.scenario for episode in lanes} == set(list_scenarios("train", "lane-keeping"))
    for episodes, count in ((lanes, 1), (obstacles, 2)):
        for name, driven in Counter(episode.scenario for episode in episodes).items():
            assert driven == (2 * count if name in HARD else count)


@pytest.mark.parametrize("name", sorted(DEMOS))
def test_each_demo_records_training_scenarios_and_has_a_recipe(name: str) -> None:
    settings = DEMOS[name]
    assert settings.recipe == name and load_recipe(name).settings.trials == 0
    assert all(list_scenarios("train", part.suite) and part.episodes <= LATE for part in settings.recorded)


@pytest.mark.slow
def test_of_a_driver_that_perceives_late_only_what_comes_after_is_recorded(tmp_path: Path) -> None:
    far = [episode for episode in demo_episodes(0, SUITES[1], 8, LATE) if "far-visible" in episode.variant]
    parked = [episode for episode in far if episode.scenario.endswith("/parked-car")][:1]
    for late in (False, True):
        with DemoRecording(tmp_path / str(late)) as recording:
            recording.drive(parked, 15.0, late)
    usual, late = (next(iter(Dataset.open(tmp_path / name))).state() for name in ("False", "True"))
    assert late.time[0] > usual.time[0] + 1.0
    assert late.actor_s[0, 0] - late.s[0] < 3.0 * late.speed[0] + 5.0


@pytest.mark.slow
def test_batches_recorded_one_after_the_other_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The episodes of one are added while the next is driven."""
    monkeypatch.setattr("drive_sim.cli.demo_pipeline.BATCH", 2)
    for name in ("first", "second"):
        _record(tmp_path / name, 0, SHORT, silent("record"))
    first, second = (list(Dataset.open(tmp_path / name)) for name in ("first", "second"))
    wanted = [(episode.scenario, episode.number) for episode in demo_episodes(0, SUITES[0], 1)]
    assert len(wanted) > 4 and [len(episode) for episode in first] == [20] * len(wanted)
    assert [(episode.provenance["scenario"], episode.provenance["number"]) for episode in first] == wanted
    for one, other in zip(first, second, strict=True):
        assert all((one.columns[name] == other.columns[name]).all() for name in one.columns if name != "wall_time")
    assert journal_folders(tmp_path / "first") == []


@pytest.mark.slow
def test_after_a_kill_only_what_was_cut_off_is_driven_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, cut = demo_episodes(0, SUITES[0], 1)[:2]
    with monkeypatch.context() as killed:
        killed.setattr(Recorder, "finish", lambda self: [])
        with DemoRecording(tmp_path) as recording:
            recording.drive([whole, cut], 1.0, False)
    for folder in journal_folders(tmp_path):
        (folder / LOCK).unlink()
        lines = (folder / LOG).read_bytes().splitlines(keepends=True)
        if json.loads(lines[0])["provenance"]["number"] == cut.number and cut.scenario.encode() in lines[0]:
            (folder / LOG).write_bytes(b"".join(lines[:6]))
    _record(tmp_path, 0, SHORT, silent("record"))
    driven = [
        (e.provenance["scenario"], e.provenance["number"], e.provenance["complete"]) for e in Dataset.open(tmp_path)
    ]
    assert driven.count((whole.scenario, whole.number, True)) == 1
    assert driven.count((cut.scenario, cut.number, False)) == driven.count((cut.scenario, cut.number, True)) == 1
    assert len(driven) == len(demo_episodes(0, SUITES[0], 1)) + 1


def test_the_demo_keeps_its_hands_off_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("images")
    with pytest.raises(InputError, match=r"--output.*not empty"):
        run_demo(tmp_path, silent, settings=TINY)
    with pytest.raises(InputError, match=r"--output.*is a file"):
        run_demo(tmp_path / "holiday.txt", silent, settings=TINY)
