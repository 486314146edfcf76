"""Models of several cameras: one recipe, one mosaic, one command; trained, saved, driven, recorded and shown."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from drive_sim.base.errors import InputError
from drive_sim.drivers.driver import cameras_of
from drive_sim.drivers.neural.device_driver import ResidentDriver
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.model_folder import Model, load_model, save_model
from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.learning.recipe import Recipe, load_recipe
from drive_sim.learning.settings import TrainingSettings
from drive_sim.learning.training import fit
from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.learning.views.source import ViewSource
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import run
from drive_sim.sensors.camera.mosaic import mosaic, mosaic_size
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import Observation, SensorSuite
from drive_sim.world.scenarios.episode import WeatherSpec
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator

WIDE = CameraConfig(width=80, height=40)
NARROW = replace(WIDE, name="narrow", width=48, field_of_view=0.35, pitch=0.03)
NETWORK = NetworkSettings(
    height=40, width=80, more_images=((40, 48),), channels=(8, 8, 8), kernels=(5, 5, 3), strides=(2, 2, 1),
    dense=(16, 16),
)  # fmt: skip
SETTINGS = TrainingSettings(
    views=48, chunk=24, batch=8, trials=0, held_out=0.4, half_precision=False, network=NETWORK, camera=WIDE,
    more_cameras=(NARROW,),
)  # fmt: skip
RECIPE = """
[camera]
width = 80
height = 40

[network]
channels = [8, 8]
kernels = [5, 3]
strides = [2, 2]

[[more_cameras]]
name = "narrow"
width = 48
field_of_view = 0.35
"""


@pytest.fixture(scope="module")
def model() -> Model:
    """Of two cameras; nobody trained it."""
    torch.manual_seed(5)
    return Model(NETWORK, WIDE, build_network(NETWORK), {}, "", (NARROW,))


def images(batch: int, seed: int = 0) -> dict[str, np.ndarray]:
    """An image of each camera and world."""
    rng = np.random.default_rng(seed)
    return {c.name: rng.integers(0, 256, (batch, c.height, c.width, 3), np.uint8) for c in (WIDE, NARROW)}


def observe(seen: dict[str, np.ndarray], speed: float = 10.0) -> Observation:
    """An observation of the images at a speed [m/s]."""
    batch = len(seen["front"])
    odometry = np.tile(np.array([speed, 0.0, 0.5], np.float32), (batch, 1))
    return Observation(np.zeros(batch), camera=seen, odometry=odometry)


def test_a_mosaic_holds_every_image_where_it_says() -> None:
    wide, narrow = images(2).values()
    whole = mosaic([wide, narrow])
    assert whole.shape == (2, *mosaic_size([(40, 80), (40, 48)]), 3) == (2, 80, 80, 3)
    assert np.array_equal(whole[:, :40], wide) and np.array_equal(whole[:, 40:, :48], narrow)
    assert not whole[:, 40:, 48:].any()
    assert mosaic([wide]) is wide


def test_what_a_further_camera_leaves_out_is_the_first_ones(tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(RECIPE)
    settings = load_recipe(tmp_path / "two.toml").settings
    assert settings.more_cameras == (replace(settings.camera, name="narrow", width=48, field_of_view=0.35),)
    assert settings.network.more_images == ((40, 48),)
    assert TrainingSettings.from_dict(settings.to_dict(), "again") == settings


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("more_cameras = 3", "more_cameras: is not a list of tables"),
        ("more_cameras = [{name = 'narrow', widht = 3}]", r"more_cameras\.0\.widht"),
        ("more_cameras = [{width = 64}]", "more_cameras: has a second camera 'front'"),
        ("network.more_images = [[66, 64]]", "network.more_images.*leave network.more_images out"),
        ("more_cameras = [{name = 'low', height = 20}]", "network.kernels.2: is larger than what it looks at"),
    ],
)
def test_cameras_that_cannot_be_are_told_in_one_line(more: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(more)
    with pytest.raises(InputError, match=complaint) as caught:
        load_recipe(tmp_path / "two.toml")
    assert "\n" not in str(caught.value)


def test_views_show_each_camera_what_it_sees_and_label_its_columns(episodes: list[SourceEpisode]) -> None:
    sources = {
        cameras: ViewSource(episodes, CameraRig(cameras), [WeatherSpec()], network=network)
        for cameras, network in (((WIDE, NARROW), NETWORK), ((WIDE,), replace(NETWORK, more_images=())))
    }
    both, first = (source.draw(12, "cameras") for source in sources.values())
    assert both.images.shape == (12, 80, 80, 3) and both.seen.shape == (12, NETWORK.column_count)
    assert np.array_equal(both.images[:, :40], first.images)
    assert np.array_equal(both.seen[:, : first.seen.shape[1]], first.seen)
    assert both.images[:, 40:, :48].std() > 5.0 and not both.images[:, 40:, 48:].any()
    assert np.array_equal(both.curvature, first.curvature)


def test_the_command_rests_on_both_cameras_and_is_the_same_in_any_company(model: Model) -> None:
    driver, seen = NeuralDriver(model, "two"), images(7)
    assert cameras_of(driver) == (WIDE, NARROW)
    whole = mosaic(list(seen.values()))
    answers = driver.perceive(whole)
    for row in range(7):
        alone = driver.perceive(whole[[row]])
        assert (alone[0][0], alone[1][0]) == (answers[0][row], answers[1][row])
    changed = {"front": seen["front"], "narrow": images(7, 1)["narrow"]}
    curvature = driver.perceive(mosaic(list(changed.values())))[0]
    assert not np.array_equal(curvature, answers[0])
    with torch.no_grad():
        trained = model.network.eval()(torch.from_numpy(whole)).curvature.numpy()
    np.testing.assert_allclose(driver._network.answer(whole)[0], trained, atol=1e-4)


def test_a_model_on_the_device_answers_as_one_on_the_host(model: Model) -> None:
    observation = observe(images(3))
    host, device = NeuralDriver(model, "two").act(observation), ResidentDriver(model, "cpu").act(observation)
    np.testing.assert_allclose(device, host, atol=1e-5)


def test_a_camera_that_is_missing_is_named(model: Model) -> None:
    observation = observe(images(1))
    del observation.camera["narrow"]
    with pytest.raises(InputError, match=r"asks for the camera 'narrow'"):
        NeuralDriver(model, "two").act(observation)


@pytest.mark.slow
def test_it_is_trained_saved_driven_and_recorded(episodes: list[SourceEpisode], tmp_path: Path) -> None:
    folder = fit(episodes, [WeatherSpec()], tmp_path / "model", SETTINGS).folder
    model = load_model(folder)
    assert model.cameras == (WIDE, NARROW)
    assert "`front` 80 × 40 and `narrow` 48 × 40" in (folder / "README.md").read_text(encoding="utf-8")
    assert load_recipe(folder).settings == SETTINGS
    driver, path = NeuralDriver.load(folder), tmp_path / "drive"
    recorder = Recorder(path, driver.name, camera_configs=driver.cameras)
    simulator = Simulator([load_scenario("lane-keeping/rural").draw(0)])
    run(simulator, driver, [recorder], SensorSuite(driver.sensors, CameraRig(driver.cameras)), max_steps=24)
    assert list(Dataset.open(path).cameras) == ["front", "narrow"]
    # Left to itself, the loop gives the driver the cameras that it asks for.
    alone = Simulator([load_scenario("lane-keeping/rural").draw(0)])
    run(alone, NeuralDriver.load(folder), max_steps=24)
    assert np.array_equal(alone.state.x, simulator.state.x)


def test_a_model_whose_cameras_do_not_fit_its_network_is_refused(model: Model, tmp_path: Path) -> None:
    wrong = (replace(NARROW, width=64),)
    save_model(tmp_path / "wrong", model.network, WIDE, {}, "", more_cameras=wrong)
    with pytest.raises(InputError, match=r"network.more_images: is \(\(40, 48\),\), more_cameras have \(\(40, 64\),\)"):
        load_model(tmp_path / "wrong")


def test_recipes_of_one_camera_are_as_they_were() -> None:
    assert asdict(Recipe().settings)["more_cameras"] == () and NetworkSettings().image_size == (66, 200)
