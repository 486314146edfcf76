"""Any number of cameras, each of its own size: what one shows does not depend on the others."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.sensors.camera.rig import LAYERS, CameraConfig, CameraRig
from drive_sim.world.simulator import Simulator

CAMERAS = (
    CameraConfig("front", 200, 66),
    CameraConfig("wide", 96, 54, field_of_view=2.0, y=0.3, z=1.2),
    CameraConfig("rear", 61, 33, yaw=3.0),
    CameraConfig("left", 200, 66, yaw=0.6),
    CameraConfig("bent", 96, 54, field_of_view=1.6, k1=-0.2, k2=0.03, p1=0.002),
)


def episodes(photographer) -> list:
    weathers = ({"camera_noise": 2.0}, {"rain": 8.0, "wetness": 0.9}, {"night": 1.0}, {"scenery": 0.8})
    return [
        photographer.crowd(weather=photographer.weather(**weather), start_s=95.0 + 2.3 * n, seed=n)
        for n, weather in enumerate(weathers)
    ]


def render(drives, cameras, layers=LAYERS, **options):
    simulator = Simulator(drives)
    return CameraRig(cameras).render_each("cpu", simulator.roads, simulator.world, simulator.state, layers, **options)


def test_cameras_of_any_size_see_the_same_alone_as_in_a_batch_of_4(photographer):
    drives = episodes(photographer)
    together = render(drives, CAMERAS)
    assert list(together) == [camera.name for camera in CAMERAS]
    for camera in CAMERAS:
        shape = (4, camera.height, camera.width)
        frames = together[camera.name]
        assert frames.rgb.shape == (*shape, 3)
        assert frames.semantic.shape == frames.depth.shape == frames.instance.shape == shape
    for index, drive in enumerate(drives):
        alone = render([drive], CAMERAS)
        for name, frames in alone.items():
            for layer in LAYERS:
                one, many = getattr(frames, layer)[0], getattr(together[name], layer)[index]
                assert np.array_equal(one, many), (index, name, layer)


def test_an_image_does_not_depend_on_the_rigs_other_cameras(photographer):
    drives = [photographer.crowd(weather=photographer.weather(scenery=0.8))]
    together = render(drives, CAMERAS)
    for camera in CAMERAS:
        alone = render(drives, [camera])[camera.name]
        assert all(np.array_equal(one, many) for one, many in zip(alone, together[camera.name], strict=True))


def test_cameras_of_one_rig_do_not_share_their_noise(photographer):
    for sizes in (((80, 40), (80, 40)), ((80, 40), (80, 44))):
        cameras = [CameraConfig(f"camera {n}", *size, field_of_view=1.0) for n, size in enumerate(sizes)]
        clean, noisy = (
            render([photographer.episode(weather=photographer.weather(camera_noise=noise))], cameras, ("rgb",))
            for noise in (0.0, 4.0)
        )
        one, other = (
            noisy[camera.name].rgb[0, :40].astype(float) - clean[camera.name].rgb[0, :40] for camera in cameras
        )
        assert one.std() == pytest.approx(4.0, rel=0.1)
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.05


def test_render_is_for_cameras_of_one_size(photographer):
    simulator = Simulator(episodes(photographer)[:1])
    world = (simulator.roads, simulator.world, simulator.state)
    alike = CameraRig([CAMERAS[0], CAMERAS[3]])
    frames = alike.render("cpu", *world)
    assert frames.rgb.shape == (1, 2, 66, 200, 3)
    assert np.array_equal(frames.rgb[:, 1], alike.render_each("cpu", *world)["left"].rgb)
    with pytest.raises(InputError, match="render_each"):
        CameraRig(CAMERAS).render("cpu", *world)


def test_only_the_rows_that_are_named_are_rendered(photographer):
    drives = episodes(photographer)
    everyone, some = render(drives, CAMERAS), render(drives, CAMERAS, rows=[1, 3])
    for name, frames in some.items():
        assert np.array_equal(frames.rgb[[1, 3]], everyone[name].rgb[[1, 3]])
        assert not frames.rgb[[0, 2]].any()
