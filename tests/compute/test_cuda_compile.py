"""Every kernel that drives and senses a world compiles for a GPU, also where there is none: from Python to PTX."""

from dataclasses import replace
from types import SimpleNamespace

import numba
import numpy as np
import pytest

from drive_sim.compute.argument_structs import bundle_of
from drive_sim.compute.kernel import KERNELS, SIMULATED_CUDA, Kernel
from drive_sim.sensors.camera.buffers import _copy_row
from drive_sim.sensors.camera.faults import CameraFaults
from drive_sim.sensors.camera.kernels import prepare_frames, render_pixels
from drive_sim.sensors.camera.rig import LAYERS, CameraConfig, CameraRig
from drive_sim.sensors.suite import SENSOR_NAMES, SensorSuite
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator

COMPUTE_CAPABILITY = (8, 0)


def _has_compiler() -> bool:
    try:
        from numba.cuda.cudadrv.nvvm import NVVM

        NVVM()
    except Exception:  # noqa: BLE001 - a missing library shows as different errors in different versions
        return False
    return not SIMULATED_CUDA


pytestmark = pytest.mark.skipif(not _has_compiler(), reason="NVIDIA's compiler library NVVM is not installed")


@pytest.fixture
def compile_for_gpu(monkeypatch):
    """Compile a kernel for the types of the arguments of one call, without asking a driver which GPU there is."""
    from numba import cuda
    from numba.cuda import dispatcher

    device = SimpleNamespace(compute_capability=COMPUTE_CAPABILITY)
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: device)

    def compile_one(kernel: Kernel, arguments: tuple) -> str:
        types = (numba.int64, numba.typeof(tuple(bundle_of(argument) for argument in arguments)))
        return cuda.compile_ptx(kernel.cuda_entry(), types, cc=COMPUTE_CAPABILITY, opt=False)[0]

    return compile_one


@pytest.fixture
def calls(monkeypatch):
    """The arguments of a call of every kernel that a step with all sensors runs: {name: (kernel, arguments)}."""
    recorded: dict[str, tuple[Kernel, tuple]] = {}
    run = Kernel.__call__

    def record(self, device, count, *arguments):
        name = next(name for name, kernel in KERNELS.items() if kernel is self)
        recorded.setdefault(name, (self, arguments))
        run(self, device, count, *arguments)

    monkeypatch.setattr(Kernel, "__call__", record)
    simulator = Simulator([load_scenario("obstacle-avoidance/mixed").draw(0)])
    simulator.step(np.zeros((1, 2), np.float32))
    simulator.reset_to_lane()
    bent = CameraConfig("bent", 48, 24, k1=-0.1)
    rig = CameraRig([CameraConfig(), bent, replace(bent, name="left", yaw=0.5)])
    suite = SensorSuite(SENSOR_NAMES, rig, faults=CameraFaults(noise=3.0, dirt=0.5, dropped_frames=0.5))
    suite.reset(simulator)
    suite.observe(simulator)
    suite.annotate(simulator)
    # A CPU renders each image in one kernel, a GPU in two.
    recorded.pop("drive_sim.sensors.camera.kernels.render_frames")
    group = rig.groups[0]
    frames = group.allocate("cpu", 1, LAYERS)
    scene = group._scene("cpu", 1, simulator.roads, simulator.world, simulator.state)
    worlds, (height, width) = (np.arange(1),), frames.rgb.shape[2:4]
    pixels = (worlds, group._flat(frames), (True,) * len(LAYERS), scene)
    recorded["prepare_frames"] = (prepare_frames, (worlds, (height, width), scene))
    recorded["render_pixels"] = (render_pixels, pixels)
    # Only a GPU's arrays have to be copied camera by camera.
    _copy_row("cpu", 24, (np.zeros((1, 2, 24, 144), np.uint8),), 1, (np.zeros((1, 24, 144), np.uint8),))
    return recorded


@pytest.mark.slow
@pytest.mark.thorough
def test_every_kernel_of_a_step_with_all_sensors_compiles_for_a_gpu(calls, compile_for_gpu):
    assert {f"drive_sim.world.simulator.{name}" for name in ("_reset", "_step", "_reset_to_lane")} < set(calls)
    assert {
        "drive_sim.sensors.annotations.boundaries._follow",
        "drive_sim.sensors.camera.optics.lens._resample_row",
        "drive_sim.sensors.camera.buffers._copy_row",
        "drive_sim.sensors.camera.faults._dirty_row",
        "drive_sim.sensors.camera.faults._spoil_row",
    } < set(calls)
    assert sum(name.startswith("drive_sim.sensors.") for name in calls) >= len(SENSOR_NAMES)
    others = ("lidar._scan", "radar.radar._read", "imu._read", "gnss._read", "odometry._read")
    assert {f"drive_sim.sensors.{name}" for name in others} < set(calls)
    for name, (kernel, arguments) in calls.items():
        ptx = compile_for_gpu(kernel, arguments)
        assert ".visible .entry" in ptx, name
        # What older drivers allow for parameters, of 8 bytes each: long-lived tuples arrive as one pointer.
        entry = ptx[ptx.index(".visible .entry") :]
        assert 8 * entry[: entry.index(")")].count(".param") <= 4096, name
