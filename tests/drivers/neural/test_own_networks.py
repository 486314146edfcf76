"""Networks of the user's own: built by reference, trained by a recipe, refused where their file is not what it was."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from drive_sim.base.errors import InputError
from drive_sim.base.references import sha256_of
from drive_sim.drivers.neural.cost import NetworkCost
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.model_folder import load_model, save_model
from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.learning.card import model_card
from drive_sim.learning.checkpoint import load_checkpoint, save_checkpoint
from drive_sim.learning.learner import Learner
from drive_sim.learning.recipe import load_recipe
from drive_sim.learning.settings import TrainingSettings
from drive_sim.sensors.camera.rig import CameraConfig

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "own_network.py"
SETTINGS = NetworkSettings(name="nets/mine.py:TinyNet", options={"channels": [4, 4]})


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the example, seen from the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets").mkdir()
    return Path(shutil.copy(EXAMPLE, tmp_path / "nets" / "mine.py")).relative_to(tmp_path)


@pytest.fixture
def model(file: Path) -> Path:
    save_model(Path("model"), build_network(SETTINGS), CameraConfig(), {}, "# a card\n")
    return Path("model")


def refusal(model: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_model(model)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def change(model: Path, **values: object) -> None:
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    (model / "config.json").write_text(json.dumps(config | values), encoding="utf-8")


def test_a_network_is_built_by_reference_with_options_of_its_own(file: Path) -> None:
    network = build_network(SETTINGS)
    assert [layer.out_channels for layer in network.convolutions if hasattr(layer, "out_channels")] == [4, 4]
    assert network.origin is not None
    assert (network.origin.file, network.origin.sha256) == ("nets/mine.py", sha256_of(file))


def test_a_module_is_a_reference_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.rename("own_module_of_a_test.py")
    monkeypatch.setattr(sys, "path", list(sys.path))
    network = build_network(NetworkSettings(name="own_module_of_a_test:TinyNet"))
    assert network.origin is not None and network.origin.file == "own_module_of_a_test.py"
    del sys.modules["own_module_of_a_test"]


def test_a_model_names_the_file_and_holds_no_code(model: Path, file: Path) -> None:
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    assert config["network"]["name"] == "nets/mine.py:TinyNet"
    assert config["source"] == {"file": "nets/mine.py", "sha256": sha256_of(file)}
    assert sorted(path.name for path in model.iterdir()) == ["README.md", "config.json", "weights.safetensors"]


def test_a_model_answers_as_its_network_and_says_whose_it_is(model: Path, file: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 66, 200, 3), dtype=np.uint8)
    driver = NeuralDriver.load(model)
    with torch.no_grad():
        expected = driver.model.network.eval()(torch.from_numpy(images))
    curvature, _ = driver._network.answer(images)
    np.testing.assert_allclose(curvature, expected.curvature.numpy(), atol=1e-6)
    assert driver.package is None and driver.origin is not None and driver.origin.file == "nets/mine.py"
    training = {"settings": {"views": 1, "seed": 0}, "drive_sim": "0"}
    card = model_card("m", TrainingSettings(network=SETTINGS), NetworkCost(1, 1), driver.origin, training, {})
    assert f"`nets/mine.py`, which is not part of drive_sim (SHA-256 `{sha256_of(file)}`)" in card


def test_a_file_that_is_missing_is_named(model: Path, file: Path) -> None:
    file.unlink()
    assert refusal(model) == (
        "model/config.json: network.name: there is no file nets/mine.py; check the path, or start in the folder that "
        "it is seen from"
    )


def test_a_file_that_has_changed_is_not_executed(model: Path, file: Path) -> None:
    file.write_text("raise AssertionError('executed')\n", encoding="utf-8")
    assert refusal(model).startswith("nets/mine.py: has changed since model was trained: its SHA-256 was ")


def test_a_module_that_has_changed_is_not_executed(model: Path) -> None:
    Path("own_package_of_a_test").mkdir()
    Path("own_package_of_a_test/__init__.py").write_text("raise AssertionError('executed')\n", encoding="utf-8")
    Path("own_package_of_a_test/nets.py").write_text("raise AssertionError('executed')\n", encoding="utf-8")
    name = "own_package_of_a_test.nets:TinyNet"
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    change(model, network=config["network"] | {"name": name})
    assert refusal(model).startswith("own_package_of_a_test/nets.py: has changed since model was trained")
    change(model, network=config["network"] | {"name": "own_package_of_a_test.other:TinyNet"})
    assert "there is no module 'own_package_of_a_test.other'" in refusal(model)


def test_no_code_is_executed_out_of_a_model_folder(model: Path, file: Path) -> None:
    inside = model / "mine.py"
    inside.write_text("raise AssertionError('executed')\n", encoding="utf-8")
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    source = {"file": "model/mine.py", "sha256": sha256_of(inside)}
    change(model, network=config["network"] | {"name": "model/mine.py:TinyNet"}, source=source)
    assert "model/mine.py lies in the model's folder, out of which no code is executed" in refusal(model)


@pytest.mark.parametrize("source", [None, {}, "x", {"sha256": 3}])
def test_a_model_that_does_not_say_which_file_it_was_trained_with_is_refused(model: Path, source: object) -> None:
    change(model, source=source)
    assert refusal(model).startswith("model/config.json: source.sha256: is missing, and nets/mine.py:TinyNet is not")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("x = 1 / 0", "nets/mine.py:1: importing it raises ZeroDivisionError: division by zero; correct it"),
        ("x = (", "nets/mine.py:1: importing it raises SyntaxError: '(' was never closed (mine.py, line 1); "),
        ("x = 1", "network nets/mine.py:TinyNet: nets/mine.py has no 'TinyNet'; check the name"),
        (
            "class TinyNet:\n def __init__(self, settings): raise AssertionError('called')",
            "network nets/mine.py:TinyNet: is not a subclass of drive_sim.drivers.neural.networks.Network; name",
        ),
        (
            "def TinyNet(settings):\n raise AssertionError('called')",
            "network nets/mine.py:TinyNet: is not a subclass of drive_sim.drivers.neural.networks.Network; name",
        ),
        (
            "from drive_sim.drivers.neural.networks import Network\n"
            "class TinyNet(Network):\n def forward(self, images): return self.settings.options['depth']",
            "nets/mine.py:3: nets/mine.py:TinyNet raises KeyError: 'depth'; correct it",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(file: Path, code: str, told: str) -> None:
    file.write_text(f"{code}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        build_network(SETTINGS)
    assert str(caught.value).startswith(told)


@pytest.mark.slow
def test_a_run_goes_on_only_with_the_file_that_it_began_with(file: Path) -> None:
    settings = TrainingSettings(views=4, trials=0, half_precision=False, network=SETTINGS)
    learner = Learner(settings, "cpu")
    for parameter in learner.network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    learner.optimizer.step()
    progress = {"settings": settings.to_dict(), "chunk": 0, "best": None, "source": sha256_of(file)}
    save_checkpoint(Path("training"), learner, progress)
    assert load_checkpoint(Path("training"), Learner(settings, "cpu"), settings) == json.loads(json.dumps(progress))
    file.write_text(f"{file.read_text(encoding='utf-8')}\n# edited\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"checkpoint.safetensors: source: nets/mine.py has changed since the run beg"):
        load_checkpoint(Path("training"), Learner(settings, "cpu"), settings)


def test_a_recipe_names_a_file_beside_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = file.parent / "mine.toml"
    recipe.write_text("[network]\nname = 'mine.py:TinyNet'\n", encoding="utf-8")
    assert load_recipe(recipe).settings.network.name == "nets/mine.py:TinyNet"
    inside = (file.parent / "inside").resolve()
    inside.mkdir()
    monkeypatch.chdir(inside)
    assert load_recipe("../mine.toml").settings.network.name == f"{inside.parent / 'mine.py'}:TinyNet"
