"""Rounds are spread over the run, are told of, and leave a run that was cut off with the same weights."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from drive_sim.base.errors import InputError
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.learning.rounds.schedule import FILE_NAME, OnPolicyRounds, round_starts
from drive_sim.learning.rounds.storage import Visited, load_round, save_round
from drive_sim.learning.settings import TrainingSettings, ViewSettings
from drive_sim.learning.training import fit
from drive_sim.learning.views.episodes import Reference, SourceEpisode
from drive_sim.learning.views.labels import PlannedPaths
from drive_sim.learning.views.source import ViewSource
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.world.scenarios.episode import WeatherSpec

SMALL = NetworkSettings(channels=(8, 8, 8, 8, 8), dense=(16, 16))
QUICK = TrainingSettings(
    views=96,
    chunk=32,
    batch=16,
    trials=0,
    held_out=0.0,
    network=SMALL,
    half_precision=False,
    rounds=2,
    rounds_episodes=4,
    sampling=ViewSettings(visited=0.5),
)


class KilledError(Exception):
    """What stands for a kill: nothing after it is run."""


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of 2 s."""
    monkeypatch.setattr("drive_sim.learning.rounds.driving.SECONDS", 2.0)


def visits(parked: SourceEpisode, path: Any) -> Visited:
    steps = len(parked.events)
    reference = Reference(path, parked.unwrapped_s + 0.5, np.linspace(3.0, 9.0, steps), np.array([20, 30, 31]))
    return Visited(0, -1, parked.state, parked.events, reference)


def planned(parked: SourceEpisode) -> PlannedPaths:
    steps = len(parked.events)
    ahead = np.linspace(0.0, 1.0, 8) + np.zeros((steps, 8))
    return PlannedPaths(parked.world.road, parked.unwrapped_s + 0.5, np.full(steps, 4.0), ahead)


@pytest.mark.parametrize(
    ("rounds", "chunks", "expected"), [(0, 6, []), (2, 6, [2, 4]), (3, 28, [7, 14, 21]), (2, 3, [1, 2])]
)
def test_rounds_are_spread_over_the_run(rounds: int, chunks: int, expected: list[int]) -> None:
    assert round_starts(TrainingSettings(views=chunks * 8_000, rounds=rounds)) == expected


def test_more_rounds_than_there_are_chunks_to_learn_from_are_refused() -> None:
    with pytest.raises(InputError, match=r"rounds: are 3, the run has 3 chunks; use fewer rounds"):
        replace(QUICK, rounds=3)


@pytest.mark.parametrize("taught", [False, True], ids=["recording", "teacher"])
def test_a_round_is_the_same_after_saving(parked: SourceEpisode, tmp_path: Path, taught: bool) -> None:
    path = planned(parked) if taught else parked.driven_path
    digest = save_round(tmp_path / "round", [visits(parked, path), visits(parked, path)])
    loaded = load_round(tmp_path / "round", digest, [parked])
    assert len(loaded) == 2
    for one in loaded:
        expected = visits(parked, path).arrays()
        assert one.arrays().keys() == expected.keys()
        assert all(np.array_equal(array, expected[name]) for name, array in one.arrays().items())
        assert taught or one.reference.path is parked.driven_path
        source = one.source([parked], [])
        assert (
            source.origin == "visited" and source.world is parked.world and source.learnable().tolist() == [20, 30, 31]
        )


def test_a_round_that_was_altered_or_is_gone_is_refused(parked: SourceEpisode, tmp_path: Path) -> None:
    digest = save_round(tmp_path / "round", [visits(parked, parked.driven_path)])
    with pytest.raises(InputError, match="is not what the training run wrote; train without --resume"):
        load_round(tmp_path / "round", "0" * 64, [parked])
    (tmp_path / "round").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        load_round(tmp_path / "round", digest, [parked])


@pytest.mark.parametrize("taught", [False, True], ids=["recording", "teacher"])
def test_views_of_what_was_visited_have_the_labels_given(parked: SourceEpisode, taught: bool) -> None:
    """The path 0.5 m further along than the car, and a speed of its own."""
    path = planned(parked) if taught else parked.driven_path
    visited = visits(parked, path).source([parked], [])
    plain = ViewSettings(unperturbed=1.0, redrawn_weather=0.0, body_sigma=0.0, visited=0.5)
    camera = CameraConfig(width=32, height=16)
    views = ViewSource(
        [parked, visited], CameraRig([camera]), [WeatherSpec()], plain, replace(SMALL, width=32, height=16)
    )
    weight = np.diff(views._cumulative, prepend=0.0)
    assert weight[views._table["episode"] == 1].sum() / weight.sum() == pytest.approx(0.5)
    reference = visited.reference
    assert reference is not None
    drawn = views.draw(40, "a").speed
    given = np.isin(drawn, reference.target_speed[[20, 30, 31]].astype(np.float32))
    assert 8 < given.sum() < 32


def test_each_round_adds_to_what_views_are_drawn_from(parked: SourceEpisode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Transplants, say, stay among it: what the recording's views are drawn from is the caller's."""
    learner = SimpleNamespace(settings=replace(QUICK, views=192))
    monkeypatch.setattr(OnPolicyRounds, "_driven", lambda rounds, number, chunk: [f"round {number} before {chunk}"])
    monkeypatch.setattr(
        "drive_sim.learning.rounds.schedule.chunks", lambda source, _, first, end: [(source, first, end)]
    )
    rounds = OnPolicyRounds([parked], [], learner, Path(), {"chunk": 0}, lambda chunk, told: None)  # type: ignore[arg-type]
    drawn: list[Any] = list(rounds.chunks("recording", tuple))  # type: ignore[arg-type]
    first, second = "round 1 before 2", "round 2 before 4"
    assert drawn == [("recording", 0, 2), ((first,), 2, 4), ((first, second), 4, 6)]


@pytest.mark.slow
def test_a_run_killed_between_rounds_resumes_to_the_same_weights(episodes: list[SourceEpisode], tmp_path: Path) -> None:
    told: list[str] = []
    whole = fit(episodes, [WeatherSpec()], tmp_path / "whole", QUICK, report=lambda share, text: told.append(text))

    def kill(share: float, text: str) -> None:
        if share > 0.6:
            raise KilledError

    with pytest.raises(KilledError):
        fit(episodes, [WeatherSpec()], tmp_path / "cut", QUICK, report=kill)
    shutil.copytree(tmp_path / "cut", tmp_path / "torn")
    fit(episodes, [WeatherSpec()], tmp_path / "cut", QUICK, resume=True)
    expected, resumed = (load_file(tmp_path / name / "weights.safetensors") for name in ("whole", "cut"))
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)

    rounds = json.loads((whole.folder / "config.json").read_text())["training"]["rounds"]
    assert rounds == json.loads((tmp_path / "cut" / "config.json").read_text())["training"]["rounds"]
    assert [one["chunk"] for one in rounds] == [1, 2] and all(one["kept"] > 0 for one in rounds)
    drove = [text for text in told if text.startswith("drove")]
    assert len(drove) == 2 and "failures" in drove[0] and "per km" in drove[0]
    assert "labelled by the recording, no teacher" in (whole.folder / "README.md").read_text()
    events = EventAccumulator(str(whole.folder / "training" / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("rounds/disagreement")] == [33, 65]

    (tmp_path / "torn" / "training" / FILE_NAME.format(1)).write_bytes(b"torn")
    with pytest.raises(InputError, match=r"round_1.safetensors: is not what the training run wrote"):
        fit(episodes, [WeatherSpec()], tmp_path / "torn", QUICK, resume=True)


@pytest.mark.slow
def test_a_model_tells_of_the_teacher_of_its_rounds(
    episodes: list[SourceEpisode], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drive_sim.learning.rounds.teacher.WARM_UP", 0.5)
    settings = replace(QUICK, rounds=1, rounds_teacher="expert", views=64)
    model = fit(episodes, [WeatherSpec()], tmp_path / "model", settings).folder
    assert "labelled by `expert`, a teacher" in (model / "README.md").read_text()
    training = json.loads((model / "config.json").read_text())["training"]
    assert training["rounds"][0]["kept"] > 0 and training["settings"]["rounds_teacher"] == "expert"


@pytest.mark.slow
def test_a_run_with_rounds_learns_the_same_until_the_first(episodes: list[SourceEpisode], tmp_path: Path) -> None:
    def loss_of_first_chunk(name: str, settings: TrainingSettings) -> list[float]:
        fit(episodes, [WeatherSpec()], tmp_path / name, settings)
        events = EventAccumulator(str(tmp_path / name / "training" / "tensorboard")).Reload()
        return [event.value for event in events.Scalars("train/loss")]

    with_rounds = loss_of_first_chunk("with", QUICK)
    without = loss_of_first_chunk("without", replace(QUICK, rounds=0))
    assert with_rounds[0] == without[0] and with_rounds[1] != without[1]
