"""The closed loop tells everyone the same story, in order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from drive_sim.base.notices import say_once
from drive_sim.evaluation.real_time import OnTime
from drive_sim.rollout import Observer, Step, StopRollout, run
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator


class Coaster:
    """A driver that lets go of everything, and remembers what it saw."""

    name, privileged, sensors, controller = "coaster", False, ("odometry",), "classical"

    def __init__(self) -> None:
        self.seen: list = []
        self.resets: list = []

    def reset(self, simulator, mask, batch_size) -> None:
        self.resets.append((simulator, mask, batch_size))

    def act(self, observation):
        self.seen.append(observation)
        return np.zeros((observation.batch_size, 2), np.float32)


class Insider(Coaster):
    privileged, controller = True, "expert"

    def bind(self, simulator) -> None:
        self.bound = simulator


class Diary(Observer):
    def __init__(self) -> None:
        self.entries: list = []
        self.steps: list[Step] = []

    def on_reset(self, simulator, observation) -> None:
        self.entries.append("reset")
        self.first = observation

    def on_step(self, step: Step) -> None:
        self.entries.append("step")
        self.steps.append(step)
        self.after = (step.simulator.state.x.copy(), step.simulator.state.time.copy())

    def on_finish(self, simulator) -> None:
        self.entries.append("finish")


def short(number: int, time_limit: float) -> Episode:
    return replace(load_scenario("lane-keeping/rural", "train").draw(number), time_limit=time_limit, actors=())


@pytest.fixture
def simulator() -> Simulator:
    """Two worlds: one ends after 0.2 s, the other after 0.4 s."""
    return Simulator([short(1, 0.2), short(2, 0.4)])


def test_it_drives_until_the_last_world_is_done(simulator):
    diary = Diary()
    assert run(simulator, Coaster(), [diary]) == 8
    assert diary.entries == ["reset", *["step"] * 8, "finish"]
    assert [step.index for step in diary.steps] == list(range(8))
    assert [step.active.tolist() for step in diary.steps] == [[True, True]] * 4 + [[False, True]] * 4
    assert simulator.state.time.tolist() == pytest.approx([0.2, 0.4])


class Broken(Coaster):
    """A driver whose command in world 0 is no number from its third decision on."""

    name = "broken"

    def act(self, observation):
        action = super().act(observation) + np.float32(0.1)
        if len(self.seen) > 2:
            action[0, 1] = np.nan
        return action


@pytest.mark.parametrize("through", [lambda driver: driver, lambda driver: OnTime(driver, 0.05)])
def test_commands_that_are_not_finite_are_told_once_and_observers_see_what_the_simulator_did(
    simulator, caplog, through
):
    say_once.cache_clear()
    for _ in range(2):
        diary = Diary()
        run(simulator, through(Broken()), [diary])
        assert [step.action[0].tolist() for step in diary.steps[:4]] == [
            pytest.approx(command) for command in [(0.1, 0.1), (0.1, 0.1), (0.1, -1.0), (0.1, -1.0)]
        ]
        assert all(np.all(step.action[1] == np.float32(0.1)) for step in diary.steps)
        assert simulator.invalid_commands.tolist() == [2, 0]
    assert [record.message for record in caplog.records] == [
        "broken gives commands that are not finite numbers: the ego brakes fully, and invalid_commands counts them"
    ]


def test_observers_get_the_driver_s_own_observation_and_the_state_before_and_after(simulator):
    driver, diary = Coaster(), Diary()
    run(simulator, driver, [diary], max_steps=3)
    assert [step.observation for step in diary.steps] == driver.seen
    assert diary.first is driver.seen[0]
    for step in diary.steps:
        np.testing.assert_array_equal(step.state_before.time, step.observation.time)
    before, (x, time) = diary.steps[2].state_before, diary.after
    np.testing.assert_allclose(time - before.time, 0.05)
    assert np.all(x > before.x)
    assert not np.shares_memory(before.x, simulator.state.x)


def test_a_step_tells_the_drivers_time_and_controller(simulator):
    diary = Diary()
    run(simulator, Coaster(), [diary], max_steps=1)
    (step,) = diary.steps
    assert 0.0 < step.decision_time < 10.0
    assert step.controller == "classical"
    assert step.action.shape == (2, 2)


def test_only_a_privileged_driver_is_shown_the_simulator(simulator):
    honest, insider = Coaster(), Insider()
    run(simulator, honest, max_steps=1)
    run(simulator, insider, max_steps=1)
    assert honest.resets == [(None, None, 2)]
    assert insider.resets == [(simulator, None, 2)]
    assert insider.bound is simulator


def test_sensors_are_the_driver_s_unless_others_are_named(simulator):
    driver = Coaster()
    run(simulator, driver, max_steps=1)
    assert driver.seen[-1].odometry is not None
    assert driver.seen[-1].lidar is None
    run(simulator, driver, max_steps=1, sensors=("lidar",))
    assert driver.seen[-1].odometry is None
    assert driver.seen[-1].lidar is not None
    run(simulator, driver, max_steps=1, sensors=SensorSuite(("imu",)))
    assert driver.seen[-1].imu is not None


def test_an_observer_can_stop_the_rollout_and_all_are_told_of_the_end(simulator):
    class Impatient(Diary):
        def on_step(self, step: Step) -> None:
            raise StopRollout

    diary = Diary()
    assert run(simulator, Coaster(), [diary, Impatient()]) == 0
    assert diary.entries == ["reset", "step", "finish"]


def test_an_error_passes_through_but_observers_can_still_save_their_work(simulator):
    class Broken(Coaster):
        def act(self, observation):
            raise RuntimeError("lost the road")

    diary = Diary()
    with pytest.raises(RuntimeError, match="lost the road"):
        run(simulator, Broken(), [diary])
    assert diary.entries == ["reset", "finish"]


def test_driving_twice_is_driving_the_same(simulator):
    def record() -> list:
        diary = Diary()
        run(simulator, Coaster(), [diary], sensors=("lidar", "imu", "gnss", "odometry"))
        seen = [step.observation for step in diary.steps]
        return [np.concatenate([o.lidar, o.imu, o.gnss, o.odometry], axis=1) for o in seen]

    np.testing.assert_array_equal(record(), record())


def test_an_observer_that_fails_at_the_end_keeps_no_other_from_being_told(simulator):
    class Failing(Diary):
        def on_finish(self, simulator) -> None:
            super().on_finish(simulator)
            raise OSError("the disk is full")

    diaries = [Diary(), Failing(), Diary()]
    with pytest.raises(OSError, match="the disk is full"):
        run(simulator, Coaster(), diaries, max_steps=1)
    assert [diary.entries for diary in diaries] == [["reset", "step", "finish"]] * 3


def test_an_observer_that_cannot_start_leaves_the_others_finished(simulator):
    class Refusing(Diary):
        def on_reset(self, simulator, observation) -> None:
            raise OSError("the disk is full")

    diaries = [Diary(), Refusing(), Diary()]
    with pytest.raises(OSError, match="the disk is full"):
        run(simulator, Coaster(), diaries)
    assert [diary.entries for diary in diaries] == [["reset", "finish"], ["finish"], []]


def test_observers_are_told_of_the_end_in_their_order(simulator):
    told: list[int] = []

    class Numbered(Observer):
        def __init__(self, number: int) -> None:
            self.number = number

        def on_finish(self, simulator) -> None:
            told.append(self.number)

    run(simulator, Coaster(), [Numbered(0), Numbered(1), Numbered(2)], max_steps=1)
    assert told == [0, 1, 2]
