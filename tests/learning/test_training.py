"""Training is reproducible, survives being killed, and refuses what it cannot use."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from drive_sim.base.errors import InputError
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.model_folder import load_model
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.drivers.registry import make_driver
from drive_sim.learning.checkpoint import checkpoint_recipe
from drive_sim.learning.learner import Learner
from drive_sim.learning.recipe import Change, Recipe, load_recipe
from drive_sim.learning.settings import TrainingSettings
from drive_sim.learning.training import fit, train
from drive_sim.learning.transplants.transplanting import Transplants
from drive_sim.learning.views.episodes import TRANSPLANTED, SourceEpisode
from drive_sim.learning.views.source import ViewSource
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.world.scenarios.episode import WeatherSpec
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator

SMALL = NetworkSettings(channels=(8, 8, 8, 8, 8), dense=(16, 16))
QUICK = TrainingSettings(views=96, chunk=32, batch=16, trials=0, held_out=0.4, network=SMALL, half_precision=False)


@pytest.fixture(autouse=True)
def _few_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validate on few views."""
    monkeypatch.setattr("drive_sim.learning.training.HELD_OUT_VIEWS", 64)


@pytest.fixture(scope="module")
def trained(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder as training leaves it; tests that change it take a copy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("drive_sim.learning.training.HELD_OUT_VIEWS", 64)
        return train([dataset], tmp_path_factory.mktemp("trained") / "model", recipe=Recipe(QUICK)).folder


class KilledError(Exception):
    """What stands for a kill: nothing after it is run."""


@pytest.fixture(autouse=True)
def few_weathers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One weather of each scenario: drawing them takes longer than a short training run."""
    monkeypatch.setattr("drive_sim.learning.recordings.WEATHERS_EACH", 1)


def _scalar_steps(model: Path) -> list[int]:
    """The steps of the training loss as TensorBoard shows them."""
    events = EventAccumulator(str(model / "training" / "tensorboard"), purge_orphaned_data=True).Reload()
    return [event.step for event in events.Scalars("train/loss")]


@pytest.mark.slow
def test_a_killed_training_resumes_to_the_same_weights(episodes: list[SourceEpisode], tmp_path: Path) -> None:
    whole = fit(episodes, [WeatherSpec()], tmp_path / "whole", QUICK)

    def kill(share: float, text: str) -> None:
        if share > 0.6:
            raise KilledError

    with pytest.raises(KilledError):
        fit(episodes, [WeatherSpec()], tmp_path / "cut", QUICK, report=kill)
    told: list[str] = []
    report = lambda share, text: told.append(text)  # noqa: E731
    fit(episodes, [WeatherSpec()], tmp_path / "cut", QUICK, resume=True, report=report)
    assert told[0].startswith("resumed after ") and told[0].endswith(f" of {QUICK.views} views")
    assert _scalar_steps(tmp_path / "cut") == _scalar_steps(tmp_path / "whole") == [32, 64, 96]
    expected = load_file(whole.folder / "weights.safetensors")
    resumed = load_file(tmp_path / "cut" / "weights.safetensors")
    assert expected.keys() == resumed.keys()
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)


@pytest.mark.slow
def test_another_seed_is_another_training_and_the_same_seed_the_same(
    episodes: list[SourceEpisode], tmp_path: Path
) -> None:
    def weights(name: str, seed: int) -> str:
        fit(episodes, [WeatherSpec()], tmp_path / name, replace(QUICK, seed=seed))
        return load_model(tmp_path / name).hash

    assert weights("first", 0) == weights("again", 0) != weights("other", 1)


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [False, True], ids=["distributions", "numbers"])
def test_a_small_network_learns_what_it_is_shown(episodes: list[SourceEpisode], numbers: bool) -> None:
    network = replace(SMALL, dropout=0.0)
    if numbers:
        network = replace(network, curvature_bins=1, speed_bins=1, future=0, seen=False, standardised=False)
    views = ViewSource(episodes, CameraRig([CameraConfig()]), [WeatherSpec()]).draw(64, "always")
    settings = replace(QUICK, views=64 * 30, chunk=64, learning_rate=3e-3, network=network)
    learner = Learner(settings, "cpu")
    losses = [learner.learn(views, chunk)["curvature_loss"] for chunk in range(30)]
    assert losses[-1] < 0.85 * losses[0]


@pytest.mark.slow
def test_training_leaves_a_model_that_drives_with_card_scalars_and_images(trained: Path) -> None:
    driver = NeuralDriver.load(trained)
    assert driver.name == "model"
    card = (trained / "README.md").read_text()
    assert "3 episodes" in card and "pilotnet.py" in card
    assert list((trained / "training" / "tensorboard").glob("events*"))
    assert json.loads((trained / "config.json").read_text())["camera"]["width"] == 200


@pytest.mark.slow
def test_transplants_are_made_of_what_is_not_held_out_and_told_in_the_card(
    episodes: list[SourceEpisode], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int, int]] = []

    def two(given: list[SourceEpisode], count: int, seed: int, report: Any) -> Transplants:
        asked.append((len(given), count, seed))
        told = {"passes": {"car on the right": 3}, "kept": {"lane": 1, "car": 1}, "thrown_away": {"too close": 4}}
        return Transplants([replace(one, origin=TRANSPLANTED) for one in given[:2]], told)

    monkeypatch.setattr("drive_sim.learning.training.transplant", two)
    sampling = replace(QUICK.sampling, transplanted=0.5)
    settings = replace(QUICK, views=32, transplants=2, sampling=sampling, seed=3)
    model = fit(episodes, [WeatherSpec()], tmp_path / "model", settings).folder
    assert asked == [(2, 2, 3)]  # one of three is held out
    told = json.loads((model / "config.json").read_text())["training"]["transplants"]
    assert told["thrown_away"] == {"too close": 4}
    card = (model / "README.md").read_text()
    assert "| transplanted | 2 (1 lane, 1 car) on other roads, of 3 (3 car on the right) passes" in card
    assert load_recipe(model).settings == settings


@pytest.mark.slow
def test_training_without_a_checkpoint_cannot_resume(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no checkpoint.*train without --resume"):
        train([dataset], tmp_path / "model", recipe=Recipe(QUICK), resume=True)


@pytest.mark.slow
def test_a_model_keeps_its_recipe_and_goes_on_by_it(dataset: Path, tmp_path: Path) -> None:
    recipe = Recipe(replace(QUICK, views=32, held_out=0.0), "tiny", {"views": 32})
    model = train([dataset], tmp_path / "model", recipe).folder
    config = json.loads((model / "config.json").read_text())
    assert config["training"]["settings"] == json.loads(json.dumps(recipe.settings.to_dict()))
    assert config["training"]["recipe"] == {"name": "tiny", "changes": {"views": 32}}
    assert "recipe `tiny` with views = 32: 32 views" in (model / "README.md").read_text()
    assert load_recipe(model) == Recipe(recipe.settings, "model")

    told: list[str] = []
    train([dataset], model, resume=True, report=lambda share, text: told.append(text))
    assert told == ["resumed after 32 of 32 views"]
    assert checkpoint_recipe(model / "training") == recipe
    with pytest.raises(InputError, match="seed: was 0, now 1; resume with the same settings"):
        train([dataset], model, changes=[Change("seed", 1, "--seed")], resume=True)
    with pytest.raises(InputError, match="views: was 32, now 224000"):
        train([dataset], model, "demo", resume=True)


@pytest.mark.slow
def test_training_leaves_the_random_numbers_of_its_caller_alone(episodes: list[SourceEpisode], tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit(episodes, [WeatherSpec()], tmp_path / "model", replace(QUICK, views=32, held_out=0.0))
    load_model(tmp_path / "model")
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.slow
def test_training_resumes_only_with_the_same_settings(dataset: Path, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "model")
    with pytest.raises(InputError, match=r"views.*resume with the same settings"):
        train([dataset], tmp_path / "model", recipe=Recipe(replace(QUICK, views=64)), resume=True)


@pytest.mark.slow
def test_a_torn_checkpoint_is_refused_in_one_line(dataset: Path, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "model")
    (tmp_path / "model" / "training" / "checkpoint.safetensors").write_bytes(b"torn")
    with pytest.raises(InputError, match=r"checkpoint.safetensors: cannot be read"):
        train([dataset], tmp_path / "model", recipe=Recipe(QUICK), resume=True)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"changes": [Change("network.name", "resnet", "--network")]}, "--network.*resnet"),
        ({"device": "tpu"}, "--device.*tpu"),
        ({"datasets": "nowhere"}, "nowhere"),
        ({"output": "file"}, "--output.*is a file"),
    ],
)
@pytest.mark.slow
def test_bad_arguments_end_in_one_line(
    dataset: Path, tmp_path: Path, arguments: dict[str, Any], complaint: str
) -> None:
    (tmp_path / "file").write_text("")
    datasets = [tmp_path / arguments.pop("datasets")] if "datasets" in arguments else [dataset]
    output = tmp_path / arguments.pop("output", "model")
    with pytest.raises(InputError, match=complaint) as caught:
        train(datasets, output, recipe=Recipe(QUICK), **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_model_is_the_same_after_saving(trained: Path) -> None:
    first, second = load_model(trained), load_model(trained)
    assert first.hash == second.hash and first.settings == SMALL


def test_what_was_driven_for_scoring_is_not_learned_from(tmp_path: Path) -> None:
    simulator = Simulator([load_scenario("lane-keeping/rural", split).draw(0) for split in ("train", "test")])
    run(simulator, make_driver("expert"), [Recorder(tmp_path / "mixed", "expert")], max_steps=120)
    with pytest.raises(InputError, match=r"episode 1: was driven on test/lane-keeping/rural.*data drop .* 1"):
        train([tmp_path / "mixed"], tmp_path / "model", recipe=Recipe(QUICK))


@pytest.mark.slow
def test_episodes_too_short_to_learn_from_are_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine"
    for steps in (120, 14, 120):
        simulator = Simulator([load_scenario("lane-keeping/rural").draw(steps)])
        run(simulator, make_driver("expert"), [Recorder(path, "expert")], max_steps=steps)
    fitted: list[Any] = []
    monkeypatch.setattr("drive_sim.learning.training.fit", lambda episodes, *_: fitted.extend(episodes))
    told: list[str] = []
    train([path], tmp_path / "model", recipe=Recipe(QUICK), report=lambda share, text: told.append(text))
    assert [round(episode.seconds) for episode in fitted] == [6, 6]
    assert told == [f"left out, without a step to learn from: {path} episode 1 (0.7 s)"]


def test_a_recording_of_scraps_is_refused_with_their_names(tmp_path: Path) -> None:
    path = tmp_path / "scraps"
    simulator = Simulator([load_scenario("lane-keeping/rural").draw(number) for number in range(5)])
    run(simulator, make_driver("expert"), [Recorder(path, "expert")], max_steps=14)
    with pytest.raises(InputError, match=r"holds 0 usable.*left out.* 0 \(0.7 s\), .* 2 \(0.7 s\) and 2 more"):
        train([path], tmp_path / "model", recipe=Recipe(QUICK))


def test_as_many_views_are_learnt_as_are_asked_for() -> None:
    few = TrainingSettings(views=2_000)
    assert few.chunks * few.chunk == 2_000
    with pytest.raises(ValueError, match="multiple of chunk"):
        TrainingSettings(views=12_000)


@pytest.mark.slow
def test_the_slowest_speed_is_learnt_by_a_network_that_has_its_head(episodes: list[SourceEpisode]) -> None:
    views = ViewSource(episodes, CameraRig([CameraConfig()]), [WeatherSpec()]).draw(16, "slowest")
    assert views.slowest.std() > 0.1 and (views.slowest <= views.speed + 3.0).all()
    rows, found = slice(0, 16), {}
    for slowest in (False, True):
        settings = replace(
            QUICK, views=16, chunk=16, slowest_weight=2.0, network=replace(SMALL, slowest=slowest, dropout=0.0)
        )
        learner = Learner(settings, "cpu")
        found[slowest] = learner.losses(learner.answers(learner.network, views.images), views, rows)
    without, beside = ({name: float(loss.detach()) for name, loss in losses.items()} for losses in found.values())
    assert beside.keys() - without.keys() == {"slowest_loss"}
    assert beside["loss"] == pytest.approx(without["loss"] + 2.0 * beside["slowest_loss"])
    learner.learn(views, 0)
    assert "slowest_loss" in learner.validate(views)
