"""Commands that come late: what is in force meanwhile, and when the new one comes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from drive_sim.evaluation import real_time as realtime
from drive_sim.evaluation.real_time import Delayed, OnTime


class Clock:
    """Stands for the stopwatch; deciding moves it on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Counter:
    """A driver whose n-th decision is n, and takes as long as it is told."""

    name, privileged, controller, sensors = "counter", False, "model", ()

    def __init__(self, clock: Clock, takes: list[float]) -> None:
        self.clock, self.takes, self.count = clock, takes, 0

    def reset(self, simulator: Any, mask: Any, batch_size: int) -> None:
        """Nothing to forget."""

    def act(self, observation: Any) -> Any:
        self.clock.now += self.takes[min(self.count, len(self.takes) - 1)]
        self.count += 1
        return np.full((1, 2), float(self.count), np.float32)


def commands(driver: Any, steps: int) -> list[float]:
    """What is in force in each step."""
    driver.reset(None, None, 1)
    return [float(driver.act(None)[0, 0]) for _ in range(steps)]


@pytest.mark.parametrize(
    ("takes", "in_force"),
    [
        ([0.04], [1, 2, 3, 4]),
        ([0.01, 0.06, 0.01], [1, 1, 3, 4]),
        ([0.01, 0.11, 0.01], [1, 1, 1, 3, 4]),
        ([0.01, 0.11, 0.09, 0.01], [1, 1, 1, 2, 4]),
        ([0.06], [0, 1, 2, 3]),
    ],
)
def test_the_last_command_holds_until_the_late_one_is_there(
    takes: list[float], in_force: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(realtime, "perf_counter", clock)
    driver = OnTime(Counter(clock, takes), 0.05)
    assert commands(driver, len(in_force)) == in_force


def test_only_decisions_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(realtime, "perf_counter", clock)
    driver = OnTime(Counter(clock, [0.16, 0.01]), 0.05)
    commands(driver, 5)
    assert driver.decisions == pytest.approx([0.16, 0.01, 0.01])


def test_a_delayed_command_comes_so_many_steps_later() -> None:
    assert commands(Delayed(Counter(Clock(), [0.0]), 2), 5) == [0, 0, 1, 2, 3]


class Counters(Counter):
    """A `Counter` of two worlds."""

    def act(self, observation: Any) -> Any:
        return np.repeat(super().act(observation), 2, axis=0)


def test_a_masked_reset_keeps_the_commands_under_way_in_the_other_worlds() -> None:
    driver = Delayed(Counters(Clock(), [0.0]), 2)
    driver.reset(None, None, 2)
    for _ in range(3):
        driver.act(None)
    driver.reset(None, np.array([False, True]), 2)
    assert [driver.act(None)[:, 0].tolist() for _ in range(3)] == [[2.0, 0.0], [3.0, 0.0], [4.0, 4.0]]


def test_a_masked_reset_keeps_the_command_in_force_in_the_other_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(realtime, "perf_counter", clock)
    driver = OnTime(Counters(clock, [0.01, 0.12, 0.01]), 0.05)
    driver.reset(None, None, 2)
    assert [driver.act(None)[0, 0] for _ in range(2)] == [1.0, 1.0]
    driver.reset(None, np.array([False, True]), 2)
    # The decision on the second image takes three periods: it comes into force with the fourth command, and answers
    # nothing that the new episode has shown.
    assert [driver.act(None)[:, 0].tolist() for _ in range(2)] == [[1.0, 0.0], [3.0, 3.0]]
