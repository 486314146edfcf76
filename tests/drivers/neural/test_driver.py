"""A model folder holds all that is needed to drive, and says in one line what is wrong with it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from drive_sim.base.errors import InputError
from drive_sim.drivers.neural.decoding import decode, decode_quantile
from drive_sim.drivers.neural.device_driver import ResidentDriver
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.inference import DrivingNetwork
from drive_sim.drivers.neural.model_folder import MOST_TEXT, Model, load_model, save_model
from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.pilotnet import StandardisedConvolution
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.learning.views.labels import soft_bins
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import Observation, SensorSuite
from drive_sim.world.simulator import Simulator

SMALL = NetworkSettings(channels=(8, 8, 8, 8, 8), dense=(16, 16))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    save_model(tmp_path / "model", build_network(SMALL), CameraConfig(), {"seed": 1}, "# a card\n")
    return tmp_path / "model"


def test_a_network_at_the_wheel_answers_as_it_does_in_training() -> None:
    torch.manual_seed(2)
    network = build_network(SMALL).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    images = torch.randint(0, 256, (5, 66, 200, 3), dtype=torch.uint8)
    answers = network(images)
    curvature, speed = DrivingNetwork(network, "cpu").answer(images.numpy())
    assert np.allclose(curvature, answers.curvature.detach(), atol=1e-4)
    assert np.allclose(speed, answers.speed.detach(), atol=1e-4)


def test_a_filter_answers_the_same_however_large_and_wherever_its_weights_lie() -> None:
    torch.manual_seed(3)
    convolution, planes = StandardisedConvolution(8, 16, 3, 1), torch.randn(4, 8, 20, 30)
    before = convolution(planes)
    with torch.no_grad():
        convolution.weight.mul_(7.0).add_(2.0)
    assert torch.allclose(convolution(planes), before, atol=2e-3)


def test_what_leaves_a_convolution_and_its_relu_has_variance_one_before_anything_is_learnt() -> None:
    torch.manual_seed(4)
    planes = torch.randn(8, 32, 40, 60)
    for _ in range(3):
        planes = torch.relu(StandardisedConvolution(32, 32, 3, 1)(planes)).detach()
        # The next one sees the same variance and takes the mean out of every filter's answer.
        assert float(planes.var(dim=(0, 2, 3)).mean()) == pytest.approx(1.0, abs=0.15)


def test_an_obstacle_with_two_sides_is_passed_on_one_of_them() -> None:
    centres = NetworkSettings().curvature_centres
    probability = np.full((1, 41), 1e-6, np.float32)
    probability[0, 8], probability[0, 32] = 0.45, 0.55
    value = float(decode(np.log(probability), centres)[0])
    assert value == pytest.approx(float(centres[32]), rel=0.02)


def test_a_doubt_is_enough_to_slow_down() -> None:
    centres = NetworkSettings().speed_centres
    fast, slow = (soft_bins(np.array([speed]), centres) for speed in (20.0, 5.0))
    sure, doubtful = (np.log(fast * (1.0 - doubt) + slow * doubt + 1e-9) for doubt in (0.0, 0.4))
    assert decode(doubtful, centres, reach=1)[0] == pytest.approx(20.0, abs=0.9)
    assert decode_quantile(doubtful, centres, 0.35)[0] < 8.0
    assert decode_quantile(sure, centres, 0.35)[0] == pytest.approx(19.3, abs=0.3)
    assert decode_quantile(sure, centres, 0.5)[0] == pytest.approx(20.0, abs=0.1)


def test_doubt_does_not_make_a_bend_tighter() -> None:
    centres = NetworkSettings().curvature_centres
    blurred = soft_bins(centres[35:36], centres, spread=2.0)
    assert decode(np.log(blurred + 1e-9), centres)[0] == pytest.approx(float(centres[35]), rel=1e-3)


def test_a_value_between_bins_and_at_the_last_bin_is_found_again() -> None:
    centres = NetworkSettings().speed_centres
    values = np.array([0.0, 11.3, 20.0, 35.0])
    decoded = decode(np.log(soft_bins(values, centres) + 1e-9), centres)
    assert decoded == pytest.approx(values, abs=0.9)


def test_an_answer_is_the_same_to_the_bit_in_any_batch(model: Path) -> None:
    driver = NeuralDriver.load(model)
    images = np.random.default_rng(0).integers(0, 255, (9, 66, 200, 3), dtype=np.uint8)
    together = driver.perceive(images)
    for number in range(9):
        alone = driver.perceive(images[number : number + 1])
        assert all(one[0] == many[number] for one, many in zip(alone, together, strict=True))


def test_only_images_of_worlds_that_still_drive_are_perceived(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver, perceived = NeuralDriver.load(model), []
    answer = driver._network.answer
    monkeypatch.setattr(driver._network, "answer", lambda images: perceived.append(len(images)) or answer(images))
    images, odometry = np.zeros((3, 66, 200, 3), np.uint8), np.zeros((3, 3), np.float32)
    active = np.array([True, False, True])
    action = driver.act(Observation(np.zeros(3), {"front": images}, odometry=odometry, active=active))
    assert perceived == [2]
    assert action.shape == (3, 2)


def test_the_driver_answers_every_world_with_a_command_within_bounds(model: Path) -> None:
    driver = NeuralDriver.load(model)
    images = np.random.default_rng(0).integers(0, 255, (5, 66, 200, 3), dtype=np.uint8)
    odometry = np.array([[10.0, 0.0, 0.5]] * 5, np.float32)
    action = driver.act(Observation(time=np.zeros(5), camera={"front": images}, odometry=odometry))
    assert action.shape == (5, 2) and action.dtype == np.float32
    assert np.all(np.abs(action) <= 1.0)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 3, 6])
def test_logits_that_are_not_finite_have_no_value(wrong: float, place: int) -> None:
    logits, centres = np.zeros((3, 7), np.float32), np.linspace(0.0, 35.0, 7, dtype=np.float32)
    logits[1, place] = wrong
    for values in (decode(logits, centres), decode_quantile(logits, centres, 0.35)):
        assert np.isnan(values).tolist() == [False, True, False]


@pytest.mark.parametrize("head", ["curvature", "speed"])
@pytest.mark.parametrize("kind", [NeuralDriver, ResidentDriver])
def test_a_network_that_answers_nan_brakes_and_is_counted(
    head: str, kind: Any, make_road: Any, make_episode: Any
) -> None:
    torch.manual_seed(1)
    network = build_network(SMALL)
    with torch.no_grad():
        getattr(network, head).bias[0] = math.nan
    driver = kind(Model(SMALL, CameraConfig(), network, {}, ""), "cpu")
    simulator = Simulator([make_episode(make_road())])
    suite, speed = SensorSuite(driver.sensors), float(simulator.state.speed[0])
    suite.reset(simulator)
    for _ in range(20):
        simulator.step(driver.act(suite.observe(simulator)))
    assert simulator.state.speed[0] < speed - 5.0
    assert simulator.invalid_commands.tolist() == [20]


@pytest.mark.parametrize("kind", [NeuralDriver, ResidentDriver])
def test_a_network_sees_through_the_camera_that_its_model_names(kind: Any, make_road: Any, make_episode: Any) -> None:
    torch.manual_seed(1)
    network = build_network(SMALL)
    speeds = []
    for name in ("front", "bonnet"):
        driver = kind(Model(SMALL, CameraConfig(name), network, {}, ""), "cpu")
        simulator = Simulator([make_episode(make_road())])
        suite = SensorSuite(driver.sensors, CameraRig((CameraConfig("roof", width=64), driver.model.camera)))
        suite.reset(simulator)
        for _ in range(5):
            simulator.step(driver.act(suite.observe(simulator)))
        speeds.append(float(simulator.state.speed[0]))
    assert speeds[0] == speeds[1]
    with pytest.raises(InputError, match="asks for the camera 'bonnet', there is front"):
        driver.act(SensorSuite(driver.sensors, CameraRig.default()).observe(simulator))


def test_loading_leaves_the_random_numbers_of_its_caller_alone(model: Path) -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    load_model(model)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_loading_gives_the_driver_that_was_saved(model: Path) -> None:
    images = np.random.default_rng(0).integers(0, 255, (2, 66, 200, 3), dtype=np.uint8)
    first, second = (NeuralDriver.load(model).perceive(images) for _ in range(2))
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1])


def edit_config(change: Callable[[dict], None]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        change(config)
        (folder / "config.json").write_text(json.dumps(config))

    return edit


def edit_weights(change: Callable[[dict], None]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        weights = load_file(folder / "weights.safetensors")
        change(weights)
        save_file(weights, folder / "weights.safetensors")

    return edit


BAD = {
    "no config": (lambda folder: (folder / "config.json").unlink(), "config.json: is missing"),
    "no weights": (lambda folder: (folder / "weights.safetensors").unlink(), "weights.safetensors: is missing"),
    "config is no JSON": (lambda folder: (folder / "config.json").write_text("{"), "config.json: is not JSON"),
    "config is a list": (lambda folder: (folder / "config.json").write_text("[]"), "is not a JSON object"),
    "config is binary": (lambda folder: (folder / "config.json").write_bytes(b"\xff\xfe\x00"), "is not JSON"),
    "a newer schema": (edit_config(lambda config: config.update(schema=99)), "schema: is 99"),
    "no network": (edit_config(lambda config: config.pop("network")), "network: is missing"),
    "no camera": (edit_config(lambda config: config.pop("camera")), "camera: is missing"),
    "unknown network": (edit_config(lambda config: config["network"].update(name="vit")), "network.name: 'vit'"),
    "unknown setting": (edit_config(lambda config: config["network"].update(depth=3)), "network.depth"),
    "unknown activation": (edit_config(lambda config: config["network"].update(activation="x")), "network.activation"),
    "even bins": (edit_config(lambda config: config["network"].update(curvature_bins=40)), "curvature_bins"),
    "no speed": (edit_config(lambda config: config["network"].update(speed_bins=0)), "speed_bins"),
    "uneven lists": (edit_config(lambda config: config["network"].update(kernels=[5])), "channels"),
    "unknown camera field": (edit_config(lambda config: config["camera"].update(zoom=2)), "camera"),
    "another image height": (
        edit_config(lambda config: config["camera"].update(height=64)),
        "network.height: is 66, camera.height is 64",
    ),
    "an enormous config": (
        edit_config(lambda config: config.update(training={"note": "x" * MOST_TEXT})),
        f"config.json: has more than {MOST_TEXT} bytes",
    ),
    "text that is not Unicode": (
        lambda folder: (folder / "config.json").write_text('{"schema": 2, "note": "\\ud800"}'),
        "holds text that is not Unicode",
    ),
    "weights of integers": (
        edit_weights(lambda weights: weights.update({"speed.bias": weights["speed.bias"].long()})),
        "speed.bias: holds I64",
    ),
    "weights are torn": (lambda folder: (folder / "weights.safetensors").write_bytes(b"abc"), "cannot be read"),
    "a weight is missing": (edit_weights(lambda weights: weights.pop("speed.bias")), "speed.bias: is missing"),
    "a weight has another shape": (
        edit_weights(lambda weights: weights.update({"speed.bias": torch.zeros(3)})),
        "speed.bias: has shape",
    ),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.slow
def test_a_bad_model_folder_ends_in_one_line_that_names_the_file(model: Path, case: str) -> None:
    damage, complaint = BAD[case]
    damage(model)
    with pytest.raises(InputError) as caught:
        load_model(model)
    assert complaint in str(caught.value) and str(model) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a model folder"):
        load_model(tmp_path / "nothing")


class OnGpu:
    """What NumPy and torch cannot read, as an array on a GPU: it has to be copied to the host first."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def copy_to_host(self) -> np.ndarray:
        return self._array.copy()


def test_images_that_lie_on_a_gpu_are_driven_by(model: Path) -> None:
    driver = NeuralDriver.load(model)
    images = np.random.default_rng(0).integers(0, 255, (3, 66, 200, 3), dtype=np.uint8)
    time, odometry = np.zeros(3), np.full((3, 3), 9.0, np.float32)
    here = driver.act(Observation(time, {"front": images}, odometry=odometry))
    there = driver.act(Observation(OnGpu(time), {"front": OnGpu(images)}, odometry=OnGpu(odometry)))
    np.testing.assert_array_equal(there, here)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_weights_are_readable_as_the_umask_says(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        save_model(tmp_path / "model", build_network(SMALL), CameraConfig(), {"seed": 1}, "# a card\n")
    finally:
        os.umask(before)
    assert (tmp_path / "model" / "weights.safetensors").stat().st_mode & 0o777 == mode
