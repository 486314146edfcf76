"""Policies of Stable-Baselines3: read from the zip that it writes, or told in one line what they lack."""

from __future__ import annotations

import importlib.util
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

import drive_sim  # noqa: F401
from drive_sim.base.errors import InputError
from drive_sim.drivers.registry import make_driver
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.sensors.suite import Observation

needs_sb3 = pytest.mark.skipif(
    importlib.util.find_spec("stable_baselines3") is None, reason="stable-baselines3 (the extra sb3) is not installed"
)


def observations(count: int, seed: int = 0) -> Observation:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 40, 80, 3), dtype=np.uint8)
    return Observation(
        np.zeros(count), {"front": images}, odometry=rng.uniform(0.0, 1.0, (count, 3)).astype(np.float32)
    )


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a policy of each of three algorithms, as they begin."""
    sb3 = pytest.importorskip("stable_baselines3", reason="stable-baselines3 (the extra sb3) is not installed")
    folder = tmp_path_factory.mktemp("policies")
    seeing = {"cameras": [{"height": 40, "width": 80}], "sensors": ("camera", "odometry")}
    both, odometry = (gymnasium.make("DriveSim-v0", **one) for one in (seeing, {"sensors": ("odometry",)}))
    sb3.PPO("MultiInputPolicy", both, seed=1, n_steps=8, batch_size=8).save(folder / "ppo.zip")
    sb3.A2C("MultiInputPolicy", odometry, seed=1).save(folder / "a2c.zip")
    sb3.SAC("MultiInputPolicy", odometry, seed=1, buffer_size=10).save(folder / "sac.zip")
    flat = gymnasium.wrappers.TransformObservation(
        odometry, lambda seen: seen["odometry"], odometry.observation_space["odometry"]
    )
    sb3.PPO("MlpPolicy", flat, seed=1, n_steps=8, batch_size=8).save(folder / "flat.zip")
    return folder


@needs_sb3
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sensors"),
    [("ppo", {"camera", "odometry"}), ("a2c", {"odometry"}), ("sac", {"odometry"})],
)
def test_a_policy_acts_as_it_predicts_whatever_else_is_in_the_batch(
    name: str, sensors: set[str], policies: Path
) -> None:
    import stable_baselines3

    driver: Any = make_driver(policies / f"{name}.zip")
    assert (driver.name, set(driver.sensors), driver.controller) == (name, sensors, "model")
    if "camera" in sensors:
        assert driver.camera == CameraConfig(height=40, width=80)
    seen = observations(3)
    answer = driver.act(seen)
    readings = {"camera": seen.camera["front"], "odometry": seen.odometry}
    policy = getattr(stable_baselines3, name.upper()).load(policies / name, device="cpu")
    expected, _ = policy.predict({one: readings[one] for one in sensors}, deterministic=True)
    np.testing.assert_allclose(answer, expected, atol=1e-5)
    alone = Observation(np.zeros(1), {"front": seen.camera["front"][1:2]}, odometry=seen.odometry[1:2])
    assert driver.act(alone).tobytes() == answer[1:2].tobytes()


@needs_sb3
@pytest.mark.slow
def test_a_policy_of_one_reading_is_told_which(policies: Path) -> None:
    with pytest.raises(InputError, match=r"observation space: is Box.*; give --driver-option sensor=NAME"):
        make_driver(policies / "flat.zip")
    driver = make_driver(policies / "flat.zip", options={"sensor": "odometry"})
    assert driver.sensors == ("odometry",)
    assert driver.act(observations(2)).shape == (2, 2)


@needs_sb3
@pytest.mark.slow
def test_loading_warns_of_pickles_and_another_algorithm_is_refused(
    policies: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "copy.zip").write_bytes((policies / "a2c.zip").read_bytes())
    make_driver(tmp_path / "copy.zip")
    assert "copy.zip holds pickles: loading it runs the code that they name" in caplog.text
    with pytest.raises(InputError, match=r"a2c\.zip: cannot be loaded as sac \("):
        make_driver(policies / "a2c.zip", options={"algorithm": "sac"})


@needs_sb3
@pytest.mark.slow
def test_readings_of_another_shape_are_told(policies: Path) -> None:
    driver = make_driver(policies / "a2c.zip")
    wrong = Observation(np.zeros(2), odometry=np.zeros((2, 5), np.float32))
    with pytest.raises(InputError, match=r"a2c\.zip: observation: .*; train it on the sensors as the car has them"):
        driver.act(wrong)


@pytest.fixture
def ppo_zip(tmp_path: Path) -> Path:
    """A zip whose data have the names of PPO's."""
    with zipfile.ZipFile(tmp_path / "ppo.zip", "w") as archive:
        archive.writestr("data", json.dumps({"clip_range": 0.2, "gae_lambda": 0.9}))
    return tmp_path / "ppo.zip"


def test_a_missing_package_is_told_with_its_extra(ppo_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    hint = r"needs stable-baselines3, which is not installed; pip install 'drive-sim\[sb3\]'"
    with pytest.raises(InputError, match=hint):
        make_driver(ppo_zip)


@pytest.mark.parametrize(
    ("data", "options", "complaint"),
    [
        (None, {}, "is no zip of Stable-Baselines3; give what model.save"),
        ({"gamma": 0.9}, {}, "does not tell its algorithm; give --driver-option algorithm=NAME, one of a2c"),
        ({"gamma": 0.9}, {"algorithm": "dqn"}, "--driver-option: algorithm: is 'dqn'; give one of a2c"),
        ({"gamma": 0.9}, {"algoritm": "ppo"}, "--driver-option: algoritm: is no option of"),
    ],
)
def test_a_file_that_is_no_policy_is_told_in_one_line(
    data: dict[str, Any] | None, options: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    file = tmp_path / "policy.zip"
    file.write_bytes(b"nothing")
    if data is not None:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("data", json.dumps(data))
    with pytest.raises(InputError) as caught:
        make_driver(file, options=options)
    assert complaint in str(caught.value)
