"""A teacher's plan, as labels, drives like the teacher."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.drivers.planning.planner import Intention
from drive_sim.learning.rounds.moments import RECORDED_WEATHER, Moments, RecordedSimulator
from drive_sim.learning.rounds.teacher import WARM_UP, make_teacher, teacher_labels, teacher_speed
from drive_sim.learning.settings import TrainingSettings
from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.learning.views.labels import PlannedPaths, curvature_label
from drive_sim.sensors.suite import Observation
from drive_sim.world.ego.vehicle import BMW_320I, acceleration_command, steering_command
from drive_sim.world.events import FAILURES
from drive_sim.world.state import State

NOTHING_SEEN = Observation(None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["expert", "human-model"])
def test_the_labels_of_a_teacher_pass_a_parked_car(parked: SourceEpisode, name: str) -> None:
    moments = Moments(np.array([0]), np.array([20]), np.array([RECORDED_WEATHER]))
    simulator = RecordedSimulator([parked], [], moments)
    teacher = make_teacher(name)
    teacher.bind(simulator)
    state, road = simulator.state, parked.world.road
    furthest = 0.0
    for _ in range(180):
        teacher.act(NOTHING_SEEN)
        own = State(*(array.copy() for array in state))
        labels = teacher_labels(road, own, own.s, teacher.intention(), parked.period)
        kappa = curvature_label(labels.path, labels.s, own.d, own.heading_error, own.speed)
        speed = float(own.speed[0])
        wheel = steering_command(BMW_320I, float(kappa[0]), speed)
        pedal = acceleration_command(BMW_320I, (float(labels.target_speed[0]) - speed) / 0.7, speed)
        simulator.step(np.array([[wheel, pedal]], np.float32))
        furthest = max(furthest, float(state.d[0]))
    assert not state.events_ever[0] & FAILURES
    assert state.s[0] > state.actor_s[0, 0] + 10.0
    assert road.lane_centre(0) + 0.8 < furthest < 0.8, "it went round, and no further than that"


def test_a_teacher_who_brakes_gives_the_speed_soon_and_one_who_starts_the_speed_aimed_at() -> None:
    stations = np.ones((3, 4))
    time = stations * np.array([0.0, 1.0, 2.0, 4.0])
    speed = stations * np.array([10.0, 11.0, 12.0, 20.0])
    plan = Intention(np.zeros(3), np.ones(3), 0.0 * stations, np.array([-4.0, 1.5, 0.1]), speed, time)
    # 10 - 0.7 * 4; up to the 12 m/s that are allowed within 3 s; 10 + 0.7 * 0.1.
    assert teacher_speed(plan, np.full(3, 10.0)) == pytest.approx([7.2, 12.0, 10.07])
    assert teacher_speed(plan, np.zeros(3))[0] == 0.0


def test_planned_paths_are_read_between_stations_and_keep_their_offset_beyond(parked: SourceEpisode) -> None:
    offset = np.array([[0.0, 1.0, 3.0], [5.0, 5.0, 6.0]])
    paths = PlannedPaths(parked.world.road, np.array([10.0, 20.0]), np.array([2.0, 4.0]), offset)
    read, slope = paths.at(np.array([13.0, 26.0]))
    assert read == pytest.approx([2.0, 5.5]) and slope == pytest.approx([1.0, 0.25])
    read, slope = paths.at(np.array([5.0, 100.0]))
    assert read == pytest.approx([0.0, 6.0]) and (slope == 0.0).all()
    assert paths.of_steps(np.array([1])).at(np.array([26.0]))[0] == pytest.approx([5.5])


def test_a_teacher_is_not_asked_before_it_has_looked_around(parked: SourceEpisode) -> None:
    steps, state = len(parked.events), parked.state
    plan = Intention(state.s, np.ones(steps), np.zeros((steps, 4)), np.zeros(steps), *np.ones((2, steps, 4)))
    known = teacher_labels(parked.world.road, state, parked.unwrapped_s, plan, parked.period).known
    first = round(WARM_UP / parked.period)
    assert not known[:first].any() and known[first:].all()


@pytest.mark.parametrize("name", ["classical", "nobody", "keyboard"])
def test_who_plans_no_path_is_no_teacher(name: str) -> None:
    with pytest.raises(InputError, match=r"rounds_teacher.*not a driver that plans a path"):
        make_teacher(name)


def test_a_teacher_without_rounds_is_a_mistake() -> None:
    with pytest.raises(InputError, match=r"rounds_teacher: is 'expert', and there are no rounds"):
        TrainingSettings(rounds_teacher="expert")
