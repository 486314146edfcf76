"""Networks of several moments: what a driver remembers of each world, and how it drives by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from drive_sim.base.errors import InputError
from drive_sim.drivers.external.onnx_export import export_onnx
from drive_sim.drivers.neural.attention import attention
from drive_sim.drivers.neural.cost import network_cost
from drive_sim.drivers.neural.device_driver import ResidentDriver
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.inference import DrivingNetwork
from drive_sim.drivers.neural.memory import FrameMemory
from drive_sim.drivers.neural.model_folder import Model, load_model, save_model
from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.drivers.registry import make_driver
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.sensors.suite import Observation

CAMERA = CameraConfig(width=40, height=24)
NARROW = replace(CAMERA, name="narrow", width=24)
STACK = NetworkSettings(
    "stack", 24, 40, frames=3, frame_interval=0.1, channels=(8, 8), kernels=(5, 3), strides=(2, 2), dense=(16, 8)
)
RECURRENT = replace(STACK, name="recurrent")
LAG = 2
"""Control steps between their moments."""
BOTH = pytest.mark.parametrize("settings", [STACK, RECURRENT], ids=["stack", "recurrent"])


def model_of(settings: NetworkSettings) -> Model:
    """A network that has learnt nothing, whose answers differ all the same."""
    torch.manual_seed(5)
    network = build_network(settings)
    return Model(settings, CAMERA, network, {}, "", (NARROW,) if settings.more_images else ())


def images(batch: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (batch, 24, 40, 3), np.uint8)


def seen(shown: np.ndarray, active: Any = None, interventions: Any = None) -> Observation:
    """An observation of images at 10 m/s."""
    odometry = np.tile(np.array([10.0, 0.0, 0.5], np.float32), (len(shown), 1))
    told = None if interventions is None else np.array(interventions, np.int32)
    return Observation(np.zeros(len(shown)), {"front": shown}, odometry=odometry, active=active, interventions=told)


def test_a_mosaic_shows_moments_an_interval_apart_and_repeats_the_first() -> None:
    memory, rows = FrameMemory(3, LAG), np.arange(2)
    shown = [images(2, step) for step in range(6)]
    for step in range(6):
        whole = memory.look(seen(shown[step]), shown[step], rows)
        for place, moment in enumerate((step, max(step - LAG, 0), max(step - 2 * LAG, 0))):
            assert np.array_equal(whole[:, 24 * place : 24 * (place + 1)], shown[moment])


def test_a_reset_and_a_lane_reset_forget_the_moments_of_their_worlds_alone() -> None:
    memory, rows = FrameMemory(2, LAG), np.arange(3)
    for step in range(4):
        memory.look(seen(images(3, step), None, [0, 0, 0]), images(3, step), rows)
    memory.beginnings.reset(np.array([True, False, False]), 3)
    whole = memory.look(seen(images(3, 4), None, [0, 0, 1]), images(3, 4), rows)
    assert np.array_equal(whole[[0, 2], 24:], images(3, 4)[[0, 2]])
    assert np.array_equal(whole[1, 24:], images(3, 2)[1])
    whole = memory.look(seen(images(3, 5), None, [0, 0, 1]), images(3, 5), rows)
    assert np.array_equal(whole[[0, 2], 24:], images(3, 4)[[0, 2]])


@BOTH
def test_commands_do_not_depend_on_the_worlds_of_the_batch(settings: NetworkSettings) -> None:
    model, steps = model_of(settings), [images(5, step) for step in range(7)]
    many, alone = NeuralDriver(model, "many"), NeuralDriver(model, "alone")
    for step, shown in enumerate(steps):
        # The first world is done after three steps, the second has its lane reset in the fifth.
        active = np.array([step < 3, True, True, True, True])
        counts = [0, int(step >= 4), 0, 0, 0]
        action = many.act(seen(shown, None if step < 3 else active, counts))
        one = alone.act(seen(shown[1:2], None, counts[1:2]))
        assert action[1].tobytes() == one[0].tobytes()
        if step == 4:
            fresh = NeuralDriver(model, "fresh").act(seen(shown[1:2]))
            assert one.tobytes() == fresh.tobytes()


@BOTH
def test_commands_rest_on_what_was_seen_before(settings: NetworkSettings) -> None:
    model = model_of(settings)
    after = [NeuralDriver(model, "driver") for _ in range(2)]
    for step in range(LAG):
        for number, driver in enumerate(after):
            driver.act(seen(images(1, 10 * number + step)))
    first, second = (driver.act(seen(images(1, 99))) for driver in after)
    assert not np.array_equal(first, second)


@BOTH
def test_the_first_moment_is_answered_as_a_still_sequence_is_in_training(settings: NetworkSettings) -> None:
    model, shown = model_of(settings), images(3)
    driver, whole = NeuralDriver(model, "driver"), np.concatenate([shown] * 3, 1)
    with torch.no_grad():
        trained = model.network.eval()(torch.from_numpy(whole)).curvature.numpy()
    np.testing.assert_allclose(DrivingNetwork(model.network, "cpu").answer(whole)[0], trained, atol=1e-5)
    # Of one moment alone, as of a mosaic of it.
    for one, other in zip(driver.perceive(shown), driver.perceive(whole), strict=True):
        assert one.tobytes() == other.tobytes()
    curvature, _ = driver.answer(seen(shown), shown, np.arange(3))
    assert curvature.tobytes() == driver.perceive(whole)[0].tobytes()


def test_a_state_is_carried_over_one_interval() -> None:
    model = model_of(RECURRENT)
    driver, network = NeuralDriver(model, "driver"), DrivingNetwork(model.network, "cpu")
    shown = [images(1, step) for step in range(5)]
    states = []
    for step, image in enumerate(shown):
        before = network.settled(shown[0]) if step < LAG else states[step - LAG]
        logits, state = network.carry(image, before)
        states.append(state)
        curvature, speed = driver.answer(seen(image), image, np.arange(1))
        expected = driver._decoded(*logits)
        assert (curvature.tobytes(), speed.tobytes()) == tuple(one.tobytes() for one in expected)


@BOTH
@pytest.mark.parametrize("more", [(), ((24, 24),)], ids=["one camera", "two"])
def test_a_model_folder_holds_the_weights_that_its_settings_tell(
    settings: NetworkSettings, more: tuple[tuple[int, int], ...], tmp_path: Path
) -> None:
    settings = replace(settings, more_images=more)
    model = model_of(settings)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.network.state_dict().items()}
    assert shapes == settings.weight_shapes()
    save_model(tmp_path / "model", model.network, CAMERA, {}, "", more_cameras=model.more_cameras)
    loaded = load_model(tmp_path / "model")
    whole = np.random.default_rng(0).integers(0, 256, (2, *settings.image_size, 3), np.uint8)
    answers = [NeuralDriver(one, "x").perceive(whole)[0] for one in (model, loaded)]
    assert answers[0].tobytes() == answers[1].tobytes() and answers[0][0] != answers[0][1]
    with torch.no_grad():
        trained = model.network.eval()(torch.from_numpy(whole)).curvature.numpy()
    np.testing.assert_allclose(DrivingNetwork(model.network, "cpu").answer(whole)[0], trained, atol=1e-5)


@pytest.mark.slow
def test_work_is_that_of_a_moment_where_a_state_is_carried() -> None:
    # Rows and columns behind each convolution: 10 x 18, then 4 x 8.
    second, dense = 8 * 8 * 9 * 4 * 8, 16 * 8 * 4 * 8 + 8 * 16
    first = 8 * 3 * 25 * 10 * 18
    heads, unit = 41 + 15, 2 * 3 * 8 * 8
    assert network_cost(build_network(STACK)).multiply_accumulates == 3 * first + second + dense + 8 * heads
    assert network_cost(build_network(RECURRENT)).multiply_accumulates == first + second + dense + unit + 16 * heads


@BOTH
def test_what_is_looked_at_is_marked_in_the_present_moment(settings: NetworkSettings) -> None:
    model = model_of(settings)
    whole = np.concatenate([images(2, seed) for seed in range(3)], 1)
    mask = attention(model.network, whole)
    assert mask is not None and mask[:, :24].max() == 1.0 and not mask[:, 24:].any()
    shown = NeuralDriver(model, "driver").attention(images(2))
    assert shown is not None and shown.shape == (2, 24, 40)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"frames": 3}, "network.frames: is 3, pilotnet looks at one moment"),
        ({"name": "stack"}, "network.frames: is 1, stack looks at several moments"),
        ({"name": "recurrent"}, "network.frames: is 1, recurrent looks at several moments"),
        ({"name": "stack", "frames": 3, "frame_interval": 0.0}, "network.frame_interval"),
    ],
)
def test_moments_that_a_network_does_not_look_at_are_told(wrong: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        NetworkSettings.from_dict(wrong, "recipe")
    assert "\n" not in str(caught.value)


@BOTH
def test_a_driver_on_the_device_refuses_several_moments(settings: NetworkSettings) -> None:
    with pytest.raises(InputError, match="frames: is 3, and a driver on the device sees one moment"):
        ResidentDriver(model_of(settings), "cpu")


def test_a_network_that_carries_a_state_is_not_exported(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the extra onnx is not installed")
    with pytest.raises(InputError, match="network: carries a state from step to step"):
        export_onnx(model_of(RECURRENT), "recurrent", tmp_path / "model.onnx")


@pytest.mark.slow
def test_an_exported_stack_remembers_as_its_model_does(tmp_path: Path) -> None:
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package, reason="the extra onnx is not installed")
    model = model_of(STACK)
    export_onnx(model, "stack", tmp_path / "stack.onnx")
    ours, theirs = NeuralDriver(model, "ours"), make_driver(tmp_path / "stack.onnx")
    for step in range(6):
        observation = seen(images(2, step), None, [0, int(step >= 3)])
        np.testing.assert_allclose(theirs.act(observation), ours.act(observation), atol=1e-4)
