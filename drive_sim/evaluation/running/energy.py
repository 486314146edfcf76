"""Energy that a GPU takes while a driver drives: NVML's counter, read at both ends of a window.

A reading of hardware, never the same twice: it stands with the wall-clock figures, apart from everything that repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

SHORTEST_WINDOW = 10.0
"""[s] The counter moves on every 20 to 100 ms: a shorter window would report the counter's steps."""

ReadCounter = Callable[[], float]
"""Gives the energy that the device has taken since its driver was loaded [J]."""


class NoEnergyCounterError(Exception):
    """There is nothing to read, for the reason that it says."""


class EnergyWindow:
    """Energy that ``device`` has taken from the making of this window to its newest `extend`.

    It is that of the whole GPU: simulation, camera and network, what idling takes, and whatever else runs on it; the
    processor's is not in it. Extend it only when the GPU has done what is to be counted.
    """

    def __init__(self, device: str) -> None:
        self.missing: str | None = "nothing was driven"
        """Why there is no figure; None where there is one."""
        self._read: ReadCounter | None = None
        self._first = self._newest = 0.0
        try:
            self._read = energy_counter(device)
            self._first = self._newest = self._read()
        except NoEnergyCounterError as error:
            self._give_up(str(error))
        self._began = self._ended = perf_counter()

    @property
    def seconds(self) -> float:
        """How long the window is [s]."""
        return self._ended - self._began

    @property
    def joules(self) -> float | None:
        """Energy of the whole window [J]; None without a counter, and for less than `SHORTEST_WINDOW`."""
        return self._newest - self._first if self.missing is None else None

    def extend(self) -> None:
        """Let the window end now."""
        if self._read is None:
            return
        self._ended = perf_counter()
        try:
            self._newest = self._read()
        except NoEnergyCounterError as error:
            self._give_up(str(error))
            return
        if self._newest < self._first:
            self._give_up("the counter began anew")
        elif self.seconds < SHORTEST_WINDOW:
            self.missing = f"{self.seconds:.1f} s driven are too short to measure, {SHORTEST_WINDOW:.0f} s are wanted"
        else:
            self.missing = None

    def _give_up(self, reason: str) -> None:
        self._read, self.missing = None, reason


def energy_counter(device: str) -> ReadCounter:
    """The total-energy counter (``nvmlDeviceGetTotalEnergyConsumption``, mJ, Volta and newer) of the GPU in use.

    Raises
    ------
    NoEnergyCounterError
        for a CPU, without NVIDIA's binding ``nvidia-ml-py`` or its library, and for a GPU that does not count.
    """
    if device != "cuda":
        raise NoEnergyCounterError("a CPU has no counter that any program may read")
    try:
        import pynvml
    except ImportError:
        raise NoEnergyCounterError("NVML's binding is not installed; pip install 'drive-sim[gpu]'") from None
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(_uuid_in_use())
    except pynvml.NVMLError as error:
        raise NoEnergyCounterError(f"NVML: {error}") from None

    def read() -> float:
        try:
            return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1000.0
        except pynvml.NVMLError as error:
            raise NoEnergyCounterError(f"NVML: {error}") from None

    return read


def _uuid_in_use() -> str:
    """Of the GPU that this process computes on: NVML counts devices otherwise than CUDA does."""
    from numba import cuda

    return str(cuda.current_context().device.uuid)
