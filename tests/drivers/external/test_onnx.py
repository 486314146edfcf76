"""ONNX files that drive, and trained networks that become one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from drive_sim.base.errors import InputError
from drive_sim.cli import main as cli
from drive_sim.drivers.external.onnx_export import WholeDriver, export_onnx
from drive_sim.drivers.neural.decoding import CURVATURE_REACH, SPEED_QUANTILE, decode, decode_quantile
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.model_folder import Model, load_model, save_model
from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.drivers.registry import make_driver
from drive_sim.evaluation.running import export_check
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.sensors.suite import Observation

pytest.importorskip("onnx", reason="the extra onnx is not installed")
pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

SMALL = NetworkSettings(
    height=33, width=100, channels=(8, 8), kernels=(5, 5), strides=(3, 3), dense=(16,), slowest=True
)
CAMERA = CameraConfig(height=33, width=100)
ALONE = """
import json, sys
import numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
images = numpy.load(sys.argv[2])
curvature, speed = session.run(["curvature", "speed"], {"images": images})
declared = json.loads(session.get_modelmeta().custom_metadata_map["drive_sim"])
assert not [name for name in sys.modules if name.partition(".")[0] in ("drive_sim", "torch")]
print(json.dumps([curvature.tolist(), speed.tolist(), declared["camera"]["width"]]))
"""
"""Runs an exported file as another program does."""


def small_model(folder: Path, seed: int) -> Model:
    """A small network with weights of its own, saved and loaded."""
    torch.manual_seed(seed)
    save_model(folder, build_network(SMALL), CAMERA, {}, "a card")
    return load_model(folder)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Path]:
    """A model and its ONNX file."""
    folder = tmp_path_factory.mktemp("onnx")
    model = small_model(folder / "small", 0)
    export_onnx(model, "small", folder / "small.onnx")
    return model, folder / "small.onnx"


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (5, 33, 100, 3), dtype=np.uint8)


def observation(images: np.ndarray, active: Any = None) -> Observation:
    odometry = np.tile(np.array([9.0, 0.0, 0.0], np.float32), (len(images), 1))
    return Observation(np.zeros(len(images)), {"front": images}, odometry=odometry, active=active)


@pytest.mark.slow
def test_the_exported_decoding_is_the_drivers(exported: tuple[Model, Path]) -> None:
    whole, settings = WholeDriver(exported[0]), exported[0].settings
    rng = np.random.default_rng(2)
    for logits in (
        rng.normal(0, 4, (200, 41)),
        rng.normal(0, 40, (200, 41)),
        np.zeros((1, 41)),
        np.full((1, 41), np.inf),
    ):
        given = logits.astype(np.float32)
        ours = decode(given, settings.curvature_centres, CURVATURE_REACH)
        theirs = whole.most_likely_window(torch.from_numpy(given)).numpy()
        np.testing.assert_allclose(theirs, ours, rtol=1e-5, atol=1e-7)
        given = given[:, :15]
        ours = decode_quantile(given, settings.speed_centres, SPEED_QUANTILE)
        np.testing.assert_allclose(whole.quantile(torch.from_numpy(given)).numpy(), ours, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_the_exported_file_drives_as_the_model_does(exported: tuple[Model, Path], images: np.ndarray) -> None:
    model, file = exported
    driver = make_driver(file)
    ours, theirs = NeuralDriver(model, "small").act(observation(images)), driver.act(observation(images))
    np.testing.assert_allclose(theirs, ours, atol=1e-5)
    assert driver.camera == model.camera and driver.name == "small"
    alone = driver.act(observation(images[2:3]))
    assert alone.tobytes() == theirs[2:3].tobytes()
    active = np.array([True, False, True, False, False])
    assert driver.act(observation(images, active))[active].tobytes() == theirs[active].tobytes()


@pytest.mark.slow
def test_the_exported_file_runs_without_this_package(
    exported: tuple[Model, Path], images: np.ndarray, tmp_path: Path
) -> None:
    model, file = exported
    np.save(tmp_path / "images.npy", images)
    line = [sys.executable, "-I", "-c", ALONE, str(file), str(tmp_path / "images.npy")]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(line, capture_output=True, text=True, timeout=100, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    curvature, speed, width = json.loads(done.stdout)
    ours = NeuralDriver(model, "small").perceive(images)
    np.testing.assert_allclose([curvature, speed], ours, rtol=1e-4, atol=1e-6)
    assert width == 100


@pytest.mark.slow
def test_a_model_of_two_cameras_drives_as_its_file_does(tmp_path: Path) -> None:
    narrow = CameraConfig("narrow", height=24, width=60, field_of_view=0.5)
    settings = replace(SMALL, more_images=((24, 60),))
    torch.manual_seed(3)
    save_model(tmp_path / "two", build_network(settings), CAMERA, {}, "a card", more_cameras=(narrow,))
    model = load_model(tmp_path / "two")
    export_onnx(model, "two", tmp_path / "two.onnx")
    driver: Any = make_driver(tmp_path / "two.onnx")
    assert driver.cameras == model.cameras == (CAMERA, narrow)
    rng = np.random.default_rng(4)
    seen = {one.name: rng.integers(0, 256, (2, one.height, one.width, 3), dtype=np.uint8) for one in model.cameras}
    both = Observation(np.zeros(2), seen, odometry=np.full((2, 3), 8.0, np.float32))
    np.testing.assert_allclose(driver.act(both), NeuralDriver(model, "two").act(both), atol=1e-5)


def network(file: Path, declared: dict[str, Any] | None, beside: dict[str, Any] | None = None, **changes: Any) -> Path:
    """An ONNX file whose command is the mean of an image's red and green; its input is float32 (1, 3, 33, 100)."""
    from onnx import TensorProto, helper

    shape = changes.get("shape", [1, 3, 33, 100])
    kind = changes.get("kind", TensorProto.FLOAT)
    nodes = [
        helper.make_node("Cast", ["planes"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Slice", ["means", "begin", "end", "axis"], ["action"]),
    ]
    ints = {"begin": [0], "end": [changes.get("end", 2)], "axis": [1]}
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("planes", kind, shape)],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, None)],
        [helper.make_tensor(name, TensorProto.INT64, [1], values) for name, values in ints.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    if declared is not None:
        helper.set_model_props(model, {"drive_sim": json.dumps(declared)})
    file.write_bytes(model.SerializeToString())
    if beside is not None:
        file.with_suffix(".json").write_text(json.dumps(beside), encoding="utf-8")
    return file


DECLARED: dict[str, Any] = {
    "schema": 1,
    "camera": {"name": "front", "height": 33, "width": 100},
    "input": {"layout": "NCHW", "range": [0.0, 1.0]},
    "output": {"kind": "command"},
}


@pytest.mark.parametrize("beside", [False, True])
def test_a_network_of_commands_takes_images_as_it_declares(beside: bool, tmp_path: Path, images: np.ndarray) -> None:
    file = tmp_path / "means.onnx"
    network(file, None if beside else DECLARED, DECLARED if beside else None)
    means = images.mean(axis=(1, 2)) / 255.0
    np.testing.assert_allclose(make_driver(file).act(observation(images)), means[:, :2], atol=1e-5)
    turned = {**DECLARED, "input": {"layout": "NCHW", "range": [-1.0, 1.0], "colours": "BGR"}}
    network(file, turned)
    expected = 2.0 * means[:, [2, 1]] - 1.0
    np.testing.assert_allclose(make_driver(file).act(observation(images)), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("declared", "changes", "complaint"),
    [
        (
            None,
            {},
            "means.onnx: declares neither camera nor output: no metadata 'drive_sim', and no means.json beside it",
        ),
        ({**DECLARED, "schema": 2}, {}, "means.onnx: schema: input should be 1"),
        ({**DECLARED, "colour": 1}, {}, "means.onnx: colour: extra inputs are not permitted"),
        ({**DECLARED, "camera": {"hight": 3}}, {}, "means.onnx: camera.hight: is no field of a camera"),
        (
            {**DECLARED, "camera": {"height": 66}},
            {},
            "input planes: takes [1, 3, 33, 100], the declared camera and layout",
        ),
        (
            {**DECLARED, "input": {}},
            {},
            "takes [1, 3, 33, 100], the declared camera and layout NHWC give [1, 33, 100, 3]",
        ),
        ({**DECLARED, "input": {"name": "image"}}, {}, "input.name: is 'image', the network's inputs are planes"),
        (
            {**DECLARED, "output": {"kind": "command", "command": "a"}},
            {},
            "output.command: is 'a', the network's outputs",
        ),
        ({**DECLARED, "output": {"kind": "steering"}}, {}, "means.onnx: output: input tag 'steering'"),
        (
            {**DECLARED, "output": {"kind": "curvature and speed"}},
            {},
            "output.curvature: is 'curvature', the network's",
        ),
        (
            DECLARED,
            {"end": 3},
            "output action: is float32 of shape (1, 3) for one image; let it be float32 of shape (1, 2)",
        ),
        (DECLARED, {"kind": 6}, "input planes: is tensor(int32); let it take uint8 or float32 images"),
        (DECLARED, {"kind": 2}, "input.range: is [0.0, 1.0], and the input takes uint8"),
        (
            DECLARED,
            {"shape": [4, 3, 33, 100]},
            "input planes: takes [4, 3, 33, 100], the declared camera and layout NCHW",
        ),
    ],
)
def test_a_declaration_that_does_not_fit_is_told_in_one_line(
    declared: dict[str, Any] | None, changes: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        make_driver(network(tmp_path / "means.onnx", declared, **changes))
    assert complaint in str(caught.value)


def test_a_file_that_is_not_onnx_and_one_that_is_not_there_are_told(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no model", encoding="utf-8")
    with pytest.raises(InputError, match=r"text\.onnx: is no model that onnxruntime can run \(.*\); export it again"):
        make_driver(tmp_path / "text.onnx")
    with pytest.raises(InputError, match=r"--driver: there is no file .*nowhere\.onnx"):
        make_driver(tmp_path / "nowhere.onnx", source="--driver")


@pytest.mark.slow
def test_a_missing_onnxruntime_is_told_with_the_extra(
    exported: tuple[Model, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"needs onnxruntime, which is not installed; pip install 'drive-sim\[onnx\]'"):
        make_driver(exported[1])


@pytest.mark.slow
def test_the_check_drives_both_writes_what_it_found_and_fails_for_another_network(
    exported: tuple[Model, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(export_check, "SECONDS", 1.0)
    monkeypatch.setattr(export_check, "TIMED", 3)
    folder, output = exported[1].with_suffix(""), tmp_path / "out.onnx"
    line = ["export", str(folder), "--output", str(output), "--check", "2"]
    assert cli.run(line) == cli.DONE
    said = capsys.readouterr().out
    assert "outcomes: alike in 2 of 2 validation episodes" in said and "ONNX" in said
    found = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
    assert found["check"]["passed"] and found["check"]["largest_difference"] < 1e-4
    assert found["check"]["decisions"] == 40
    other = small_model(tmp_path / "other", 7)
    monkeypatch.setattr("drive_sim.drivers.neural.model_folder.load_model", lambda folder: other)
    assert cli.run(line) == cli.FAILED
    assert "commands differ by" in capsys.readouterr().err
    assert cli.run(["export", str(folder), "--output", str(tmp_path / "out.pt")]) == cli.BAD_INPUT
    assert "does not end with .onnx; name it out.onnx" in capsys.readouterr().err
