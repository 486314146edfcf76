"""Cameras are described by plain data, and a wrong description says what is wrong."""

from __future__ import annotations

import copy
import json
import math
import pickle
from dataclasses import FrozenInstanceError, asdict, fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drive_sim.base.errors import InputError
from drive_sim.sensors.camera.faults import CameraFaults
from drive_sim.sensors.camera.optics.configuration import side_by_side
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.camera.semantics import SEMANTIC_COLOURS, SEMANTIC_NAMES


def test_a_description_survives_json():
    camera = CameraConfig("left", 320, 120, math.radians(70.0), 0.2, 0.6, 1.3, 0.5, 0.05, -0.02)
    assert CameraConfig.from_dict(json.loads(json.dumps(camera.to_dict()))) == camera


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"widht": 200}, "camera.widht"),
        ({"width": "200"}, "camera.width"),
        ({"width": 200.0}, "camera.width"),
        ({"width": 4}, "camera.width"),
        ({"height": True}, "camera.height"),
        ({"field_of_view": 90}, "camera.field_of_view"),
        ({"field_of_view": float("nan")}, "camera.field_of_view"),
        ({"z": -1.0}, "camera.z"),
        ({"pitch": None}, "camera.pitch"),
        ({"k1": 9.0}, "camera.k1"),
        ({"k1": -1.0}, "camera.k1"),
        ({"p2": "0"}, "camera.p2"),
        ({"name": ""}, "camera.name"),
        ({"name": 3}, "camera.name"),
        ([], "camera"),
    ],
)
def test_a_wrong_description_names_file_field_and_hint(fields, field):
    with pytest.raises(InputError) as caught:
        CameraConfig.from_dict(fields, "models/x/config.json")
    assert (caught.value.source, caught.value.field) == ("models/x/config.json", field)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "values", "expected"),
    [
        (CameraConfig, {"widht": 1}, "camera: widht: is not a known key; remove it or correct its spelling"),
        (CameraConfig, {"width": "200"}, "camera: width: '200' is not a whole number; give a whole number"),
        (
            CameraConfig,
            {"height": 4097},
            "camera: height: input should be less than or equal to 4096; give at most 4096",
        ),
        (CameraConfig, {"z": math.inf}, "camera: z: input should be a finite number; write a finite number"),
        (CameraConfig, {"roll": "0"}, "camera: roll: '0' is not a number; give a number"),
        (CameraConfig, {"name": ""}, "camera: name: is empty; give the camera a name"),
        (CameraConfig, {"k1": -1.0}, "camera: k1: bends the image's edge too far; give a weaker or a narrower lens"),
        (CameraFaults, {"noise": 101}, "camera faults: noise: input should be less than or equal to 100"),
        (CameraFaults, {"dirt": math.nan}, "camera faults: dirt: input should be a finite number"),
        (CameraFaults, {"dropped_frames": 1.0}, "camera faults: dropped_frames: input should be less than or equal"),
        (CameraFaults, {"noise": None}, "camera faults: noise: None is not a number; give a number"),
        (CameraFaults, {"dust": 0.1}, "camera faults: dust: is not a known key"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(make, values, expected):
    with pytest.raises(InputError) as caught:
        make(**values)
    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("config", [CameraConfig(k1=-0.2, pitch=0.05), CameraFaults(8.0, 0.4, 0.2)])
def test_a_configuration_is_a_frozen_value(config):
    assert config.__class__(**asdict(config)) == config
    with pytest.raises(FrozenInstanceError):
        setattr(config, fields(config)[0].name, None)
    for copied in (copy.copy(config), copy.deepcopy(config), pickle.loads(pickle.dumps(config)), replace(config)):
        assert copied == config
        assert hash(copied) == hash(config)
    assert replace(config, **{fields(config)[-1].name: 0.01}) != config


def test_numbers_of_numpy_become_pythons():
    camera = CameraConfig(width=np.int32(320), pitch=np.float32(0.25), roll=0)
    assert camera == CameraConfig(width=320, pitch=0.25)
    assert [type(value) for value in (camera.width, camera.pitch, camera.roll)] == [int, float, float]
    assert json.loads(json.dumps(camera.to_dict()))["width"] == 320


@pytest.mark.parametrize(
    ("cameras", "where"),
    [
        ([], "cameras"),
        ([{"name": "left"}, {"name": "right"}, {"name": "left"}], "cameras: name"),
        ([{}, {"name": "left", "lens": 3}], "cameras[1]: camera.lens"),
        ([{"width": -200}], "cameras[0]: camera.width"),
        (["front"], "cameras[0]: camera"),
    ],
)
def test_a_rig_that_cannot_be_says_which_camera_is_wrong(cameras, where):
    with pytest.raises(InputError) as caught:
        CameraRig.described(cameras)
    assert str(caught.value).startswith(f"{where}: ")
    assert caught.value.hint


def test_a_rig_is_described_by_cameras_or_their_fields():
    rig = CameraRig.described([CameraConfig(), {"name": "left", "width": 320}])
    assert rig.configs == (CameraConfig(), CameraConfig("left", 320))
    assert CameraRig.default().configs == (CameraConfig(),)


def test_side_cameras_are_the_front_one_moved_sideways():
    left, front, right = side_by_side(CameraConfig(width=320, y=0.1), 0.7)
    assert [camera.name for camera in (left, front, right)] == ["left", "front", "right"]
    assert (left.y, front.y, right.y) == pytest.approx((0.8, 0.1, -0.6))
    assert replace(left, name="front", y=0.1) == replace(right, name="front", y=0.1) == front


@given(
    st.floats(0.3, 2.5), st.floats(-3.0, 3.0), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5),
    st.floats(0.0, 199.0), st.floats(0.0, 65.0), st.floats(0.5, 200.0),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_point_on_a_pixels_ray_is_seen_in_that_pixel(fov, yaw, pitch, roll, column, row, depth):
    camera = CameraConfig(field_of_view=fov, yaw=yaw, pitch=pitch, roll=roll)
    point = np.array([camera.x, camera.y, camera.z]) + depth * camera.ray(column, row)
    np.testing.assert_allclose(camera.project(point), [column, row, depth], atol=1e-6)


def test_the_field_of_view_spans_the_image():
    camera = CameraConfig(pitch=0.0)
    left, right = camera.ray(-0.5, 32.5), camera.ray(199.5, 32.5)
    assert math.atan2(left[1], left[0]) == pytest.approx(0.5 * camera.field_of_view)
    assert math.atan2(right[1], right[0]) == pytest.approx(-0.5 * camera.field_of_view)


def test_looking_down_lifts_the_horizon_and_looking_left_moves_things_right():
    ahead = np.array([1000.0, 0.0, 1.4])
    assert CameraConfig(pitch=0.1).project(ahead)[1] < CameraConfig(pitch=0.0).project(ahead)[1]
    assert CameraConfig(yaw=0.1).project(ahead)[0] > CameraConfig(yaw=0.0).project(ahead)[0]
    # Right side down: what is on the left comes lower in the image.
    left = np.array([1000.0, 300.0, 1.4])
    assert CameraConfig(roll=0.1).project(left)[1] > CameraConfig(roll=0.0).project(left)[1]


def test_every_class_has_a_name_and_a_colour_of_its_own():
    assert len(SEMANTIC_NAMES) == len(SEMANTIC_COLOURS) == len(set(map(tuple, SEMANTIC_COLOURS.tolist())))
