"""Every kernel that drives a world compiles for a GPU, also where there is none: from Python to PTX."""

from types import SimpleNamespace

import numba
import numpy as np
import pytest

from drive_sim.bundle import bundle_of
from drive_sim.kernel import KERNELS, SIMULATED_CUDA, Kernel
from drive_sim.world.scenario import load_scenario
from drive_sim.world.simulator import Simulator

COMPUTE_CAPABILITY = (8, 0)


def _has_compiler() -> bool:
    try:
        from numba.cuda.cudadrv.nvvm import NVVM

        NVVM()
    except Exception:  # a missing library shows as different errors in different versions
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
        return cuda.compile_ptx(kernel.cuda_entry(), types, cc=COMPUTE_CAPABILITY)[0]

    return compile_one


@pytest.fixture(scope="module")
def calls():
    """The arguments of a call of every kernel that a drive runs: {name: (kernel, arguments)}."""
    recorded: dict[str, tuple[Kernel, tuple]] = {}
    run = Kernel.__call__

    def record(self, device, count, *arguments):
        name = next(name for name, kernel in KERNELS.items() if kernel is self)
        recorded.setdefault(name, (self, arguments))
        run(self, device, count, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Kernel, "__call__", record)
        simulator = Simulator([load_scenario("obstacle-avoidance/mixed").draw(0)])
        simulator.step(np.zeros((1, 2), np.float32))
        simulator.put_back()
    return recorded


@pytest.mark.parametrize("name", ["_reset", "_step", "_put_back"])
def test_the_simulators_kernels_compile_for_a_gpu(calls, compile_for_gpu, name):
    kernel, arguments = calls[f"drive_sim.world.simulator.{name}"]
    ptx = compile_for_gpu(kernel, arguments)
    assert ".visible .entry" in ptx
    assert ".f64" in ptx
    # Long-lived tuples arrive as one pointer each: every driver's 4 KiB of parameters are enough.
    entry = ptx[ptx.index(".visible .entry") :]
    assert entry[: entry.index(")")].count(".param") < 30
