"""One round: the network drives in recorded worlds, and what it visits, does and answers is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.drivers.driver import Actions
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.planning.planner import Intention, PlanningDriver
from drive_sim.learning.captured import Captured
from drive_sim.learning.rounds.moments import RecordedSimulator
from drive_sim.learning.views.episodes import VISITED
from drive_sim.rollout import Step, run
from drive_sim.sensors.camera.rig import CameraRig
from drive_sim.sensors.suite import Observation, SensorSuite
from drive_sim.world.state import State

Floats = NDArray[np.float64]
SECONDS = 12.0
"""Length of an episode of a round at most [s]."""


@dataclass(frozen=True, eq=False)
class Drive:
    """What one world went through: T steps."""

    state: State
    """T rows: the truth at each step, when the network looked."""
    events: NDArray[np.int64]
    """(T) bit mask EVENT_* of what each step led to."""
    curvature: NDArray[np.float32]
    """(T) what the network answered [1/m]."""
    target_speed: NDArray[np.float32]
    """(T) [m/s]"""
    intention: Intention | None = None
    """What the teacher meant to do at each step, T for B."""


class _Answering(NeuralDriver):
    """A network at the wheel that keeps what it answered last, and asks a teacher for its plan at the same time."""

    teacher: PlanningDriver | None = None
    answers: tuple[NDArray[np.float32], NDArray[np.float32]]

    def bind(self, simulator: Any) -> None:
        """Give the teacher its simulator; the network itself sees images only."""
        if self.teacher is not None:
            self.teacher.bind(simulator)

    def reset(self, simulator: Any = None, mask: Any = None, batch_size: int = 1) -> None:
        """New episodes begin, for the teacher too."""
        super().reset(simulator, mask, batch_size)
        if self.teacher is not None:
            self.teacher.reset(simulator, mask, batch_size)

    def answer(
        self, observation: Observation, images: NDArray[np.uint8], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """As `NeuralDriver.answer`; the answers stay in ``answers``."""
        self.answers = super().answer(observation, images, rows)
        return self.answers

    def act(self, observation: Observation) -> Actions:
        """The network's command; the teacher plans from the same state."""
        if self.teacher is not None:
            self.teacher.act(observation)
        return super().act(observation)


class _Visits(Captured):
    """Keeps every state that is visited, and what was answered and meant there."""

    def __init__(self, driver: _Answering) -> None:
        super().__init__()
        self._driver = driver
        self._answers: list[NDArray[np.float32]] = []
        self._intentions: list[Intention] = []

    def on_step(self, step: Step) -> None:
        """Keep the step."""
        super().on_step(step)
        answers = np.full((2, len(step.active)), np.nan, np.float32)
        answers[:, step.active] = self._driver.answers
        self._answers.append(answers)
        if self._driver.teacher is not None:
            self._intentions.append(self._driver.teacher.intention())

    def drives(self) -> list[Drive]:
        """What each world went through."""
        answers = np.stack(self._answers)
        meant = [np.stack(parts) for parts in zip(*self._intentions, strict=True)]
        found = []
        for world in range(answers.shape[2]):
            episode = self.episode(world, VISITED)
            count = len(episode.events)
            intention = Intention(*(array[:count, world] for array in meant)) if meant else None
            curvature, target_speed = answers[:count, 0, world], answers[:count, 1, world]
            found.append(Drive(episode.state, episode.events, curvature, target_speed, intention))
        return found


def drive(simulator: RecordedSimulator, driver: NeuralDriver, teacher: PlanningDriver | None = None) -> list[Drive]:
    """What each world of the simulator goes through until it fails, ends or has driven for `SECONDS`.

    The network drives; the teacher, if there is one, is asked at each state what it would do.
    """
    answering = _Answering(driver.model, driver.name, driver.device)
    answering.teacher = teacher
    answering.privileged = teacher is not None
    visits = _Visits(answering)
    sensors = SensorSuite(answering.sensors, CameraRig(driver.cameras))
    run(simulator, answering, [visits], sensors, round(SECONDS / simulator.control_period))
    return visits.drives()
