"""Energy of a GPU: NVML's counter over a window that is long enough, or no figure and the reason."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from drive_sim.evaluation.harness import evaluate
from drive_sim.evaluation.logs.rollout_log import TimingLog
from drive_sim.evaluation.report import words as report_words
from drive_sim.evaluation.results import load_results
from drive_sim.evaluation.running import energy
from drive_sim.evaluation.running.energy import EnergyWindow
from drive_sim.evaluation.statistics.estimates import estimate_timing

pytestmark = pytest.mark.slow

UUID = "GPU-5a1e0000-0000-0000-0000-000000000001"


class Gpu:
    """Stands for NVML and the stopwatch: a GPU that takes the same power all the time."""

    def __init__(self, watts: float) -> None:
        self.watts, self.now, self.asked_for = watts, 0.0, ""
        self.counter_mj = 7_000_000_000
        """[mJ] when the test begins: the driver was loaded long ago."""
        self.refuses = False

    def drive(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds
        self.counter_mj += round(1000.0 * self.watts * seconds)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    """A GPU of 300 W, as the binding shows it."""
    gpu = Gpu(300.0)
    nvml: Any = ModuleType("pynvml")

    class NVMLError(Exception):
        """As the binding's."""

    def handle_of(uuid: str) -> str:
        gpu.asked_for = uuid
        return f"handle of {uuid}"

    def total_energy(handle: str) -> int:
        assert handle == f"handle of {UUID}"
        if gpu.refuses:
            raise NVMLError("Not Supported")
        return gpu.counter_mj

    nvml.NVMLError, nvml.nvmlInit = NVMLError, lambda: None
    nvml.nvmlDeviceGetHandleByUUID, nvml.nvmlDeviceGetTotalEnergyConsumption = handle_of, total_energy
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.setattr(energy, "_uuid_in_use", lambda: UUID)
    monkeypatch.setattr(energy, "perf_counter", lambda: gpu.now)
    return gpu


def test_three_hundred_watts_over_twenty_seconds_are_six_kilojoules(gpu: Gpu) -> None:
    window = EnergyWindow("cuda")
    for _ in range(4):
        gpu.drive(5.0)
        window.extend()
    assert gpu.asked_for == UUID
    assert (window.joules, window.seconds, window.missing) == (pytest.approx(6000.0), 20.0, None)


def test_what_comes_after_the_last_extension_is_not_counted(gpu: Gpu) -> None:
    window = EnergyWindow("cuda")
    gpu.drive(10.0)
    window.extend()
    gpu.drive(50.0)
    assert window.joules == pytest.approx(3000.0)


@pytest.mark.parametrize(("seconds", "known"), [(9.9, False), (10.0, True)])
def test_a_window_of_less_than_ten_seconds_gives_no_figure(seconds: float, known: bool, gpu: Gpu) -> None:
    window = EnergyWindow("cuda")
    gpu.drive(seconds)
    window.extend()
    assert (window.joules is not None) == known
    assert known or window.missing == "9.9 s driven are too short to measure, 10 s are wanted"


def test_a_cpu_is_asked_nothing(gpu: Gpu) -> None:
    window = EnergyWindow("cpu")
    gpu.drive(20.0)
    window.extend()
    assert (window.joules, gpu.asked_for) == (None, "")
    assert window.missing == "a CPU has no counter that any program may read"


def test_a_gpu_that_does_not_count_gives_no_figure_and_says_so(gpu: Gpu) -> None:
    gpu.refuses = True
    window = EnergyWindow("cuda")
    gpu.drive(20.0)
    window.extend()
    assert (window.joules, window.missing) == (None, "NVML: Not Supported")


def test_a_counter_that_stops_or_begins_anew_takes_the_figure_back(gpu: Gpu) -> None:
    stopped, anew = EnergyWindow("cuda"), EnergyWindow("cuda")
    gpu.drive(20.0)
    for window in (stopped, anew):
        window.extend()
        assert window.joules is not None
    gpu.refuses = True
    stopped.extend()
    assert (stopped.joules, stopped.missing) == (None, "NVML: Not Supported")
    gpu.refuses, gpu.counter_mj = False, 12
    anew.extend()
    assert (anew.joules, anew.missing) == (None, "the counter began anew")


def test_without_the_binding_the_extra_that_brings_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert EnergyWindow("cuda").missing == "NVML's binding is not installed; pip install 'drive-sim[gpu]'"


def timing(turns: int, driven: int = 1) -> TimingLog:
    """A rollout of so many turns with so many worlds."""
    return TimingLog(np.full(turns, 0.01), np.full(turns, driven), 1.0, 0.05)


def test_a_turn_of_many_worlds_is_as_many_decisions() -> None:
    """200 turns of 16 worlds are 3,200 commands: 6,400 J are 2 J a command, and over 1.6 km 4,000 J/km."""
    found = estimate_timing([timing(100, driven=16)] * 2, energy=6400.0, distance=1.6)
    assert (found["energy_per_decision"].estimate, found["energy_per_decision"].unit) == (pytest.approx(2.0), "J")
    assert (found["energy_per_km"].estimate, found["energy_per_km"].unit) == (pytest.approx(4000.0), "J/km")


def test_what_was_not_measured_is_not_known() -> None:
    """No energy, or no kilometre to set it against: null."""
    assert estimate_timing([timing(1)])["energy_per_decision"].to_json()["estimate"] is None
    assert estimate_timing([timing(1)], 5.0, 0.0)["energy_per_km"].to_json()["estimate"] is None


@pytest.fixture
def on_a_gpu(gpu: Gpu, monkeypatch: pytest.MonkeyPatch) -> Gpu:
    """Drives on the CPU, whose batches count as 8 s on the GPU."""
    from drive_sim.evaluation.running import episodes as driven

    class Window(EnergyWindow):
        def __init__(self, device: str) -> None:
            super().__init__("cuda")

        def extend(self) -> None:
            gpu.drive(8.0)
            super().extend()

    monkeypatch.setattr(driven, "EnergyWindow", Window)
    return gpu


def test_an_evaluation_writes_energy_per_decision_and_per_kilometre(on_a_gpu: Gpu, tmp_path: Any) -> None:
    for name, watts in (("one", 300.0), ("other", 150.0)):
        on_a_gpu.watts = watts
        page = evaluate(
            "straight", "lane-keeping", tmp_path / name, videos=0, episodes=2, batch=1, seconds=4.0, baselines=False
        )
        assert "energy per decision" in page.read_text(encoding="utf-8")
    one, other = (load_results(tmp_path / name) for name in ("one", "other"))
    straight = one.timing["drivers"]["straight"]
    # Two batches of 8 s at 300 W, for two episodes of 4 s at 20 decisions a second.
    assert (straight["energy_J"], straight["energy_window_s"]) == (pytest.approx(4800.0), 16.0)
    assert straight["metrics"]["energy_per_decision"]["estimate"] == pytest.approx(4800.0 / 160)
    kilometres = sum(row.distance_m for row in one.episodes) / 1000.0
    assert straight["metrics"]["energy_per_km"]["estimate"] == pytest.approx(4800.0 / kilometres)
    # A reading of hardware: the same episodes otherwise, to the bit.
    assert straight["energy_J"] == 2.0 * other.timing["drivers"]["straight"]["energy_J"]
    first, second = (json.dumps(results.model_dump(exclude={"timing"})) for results in (one, other))
    assert first == second
    per_km = report_words.with_unit(4800.0 / kilometres, "J/km")
    told = report_words.energy(one.model_copy(update={"device": "cuda"}))
    assert told == f"The whole GPU took 30.0\u00a0J a decision and {per_km}, over 16 s."


def test_an_evaluation_too_short_to_measure_says_so(on_a_gpu: Gpu, tmp_path: Any) -> None:
    page = evaluate("straight", "lane-keeping", tmp_path, videos=0, episodes=1, seconds=2.0, baselines=False)
    results = load_results(tmp_path)
    assert results.timing["drivers"]["straight"]["metrics"]["energy_per_km"]["estimate"] is None
    assert "energy per decision" not in page.read_text(encoding="utf-8")
    assert report_words.energy(results) == ""
    told = report_words.energy(results.model_copy(update={"device": "cuda"}))
    assert told == "Energy was not measured: 8.0 s driven are too short to measure, 10 s are wanted."
