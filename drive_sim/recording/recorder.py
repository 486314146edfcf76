"""The observer that records a rollout, one journal and one episode for each world."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.base.text import user_path
from drive_sim.compute.kernel import to_host
from drive_sim.recording.background_writer import BackgroundQueue
from drive_sim.recording.journal import JournalWriter
from drive_sim.recording.lerobot.features import (
    ACTOR_SLOTS,
    CONTROLLERS,
    OBSERVATION_PREFIX,
    Reading,
    reading_of,
    readings_column,
    truth_of,
)
from drive_sim.recording.provenance import describe_cameras, versions
from drive_sim.recording.recorded_world import describe_episode
from drive_sim.recording.writer import DatasetWriter, open_for_writing
from drive_sim.world.state import State

if TYPE_CHECKING:
    from drive_sim.rollout import Step
    from drive_sim.sensors.suite import Observation
    from drive_sim.world.simulator import Simulator


class Recorder:
    """Records what `rollout.run` does into a dataset; the window calls `start`, `add` and `finish` itself.

    Each step is recorded with the truth and the images at the time of the observation, the action then taken, and
    the events that this led to. A world's journal is closed when the world is done; all become episodes of the dataset
    when the recording finishes, and after a crash, when the dataset is next opened for recording.

    Parameters
    ----------
    path
        The dataset's folder; made new if there is none.
    driver
        The driver's name, for the provenance.
    cameras
        Names of the cameras to record; by default all in the observation. None of them: only numbers are recorded,
        from which images can be rendered later.
    camera_configs
        The cameras' configurations, such as ``rig.configs``, for the provenance.
    encoding
        "png" (exact) or "jpeg"; by default the dataset's, PNG in a new one.
    readings
        Names of sensors that other packages add whose readings to record; by default all in the observation.
    provenance
        More JSON values to keep with every episode.
    background
        Steps that may still wait to be written when `add` returns. 0: killing the process costs no step that was added;
        more let the next steps be driven while these are encoded and written, and may be lost with the process.
    clock, wall_clock
        Seconds that only grow (when to flush), and seconds since 1970 (the column ``wall_time``).
    """

    def __init__(
        self,
        path: str | Path,
        driver: str = "",
        cameras: Sequence[str] | None = None,
        camera_configs: Sequence[Any] = (),
        encoding: str | None = None,
        readings: Sequence[str] | None = None,
        provenance: Mapping[str, Any] | None = None,
        background: int = 0,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.path, self.driver, self.encoding = user_path(path), driver, encoding
        self.cameras = None if cameras is None else tuple(cameras)
        self.readings = None if readings is None else tuple(readings)
        self.camera_configs = tuple(camera_configs)
        self.provenance = dict(provenance or {})
        self.written: list[int] = []
        """Indices of the episodes that this recorder has added."""
        self.recovered: tuple[int, ...] = ()
        """Indices of the episodes made at the start from journals that a crash left."""
        self._clock, self._wall_clock = clock, wall_clock
        self._queue = BackgroundQueue(background)
        self._dataset: DatasetWriter | None = None
        self._journals: dict[int, JournalWriter] = {}
        self._closed: list[JournalWriter] = []
        self._state: State | None = None

    @property
    def recording(self) -> bool:
        """Whether any world is being recorded."""
        return bool(self._journals)

    @property
    def steps(self) -> int:
        """Steps recorded of the world that has most of them, since `start`."""
        return max((journal.steps for journal in self._journals.values()), default=0)

    def start(self, simulator: Simulator, observation: Observation) -> None:
        """Begin an episode for every world that is not done; ``observation`` is the one that the driver sees next.

        Raises
        ------
        InputError
            The dataset does not fit (`open_for_writing`), there are too many actors, or a camera or a
            reading is not observed or cannot be recorded.
        """
        if self.recording:
            raise ValueError("the recording has been started already")
        shapes = self._camera_shapes(observation)
        slots = simulator.state.actor_x.shape[1]
        if slots > ACTOR_SLOTS:
            problem = f"has {slots} other road users, a dataset holds {ACTOR_SLOTS}"
            raise InputError(simulator.episodes[0].scenario, "actors", problem, "use fewer of them")
        readings = self._reading_kinds(observation)
        rate = round(1.0 / simulator.control_period)
        self._dataset = open_for_writing(self.path, rate, shapes, self.encoding, readings)
        self.recovered += self._dataset.recovered
        self._state = _snapshot(simulator.state)
        try:
            for world in np.flatnonzero(self._state.done == 0):
                episode = simulator.episodes[world]
                provenance = self._describe(simulator, episode, slots)
                journal = self._dataset.start_journal(provenance, episode.scenario, episode.road, self._clock)
                self._journals[int(world)] = journal
        except BaseException:
            self.finish(keep=False)
            raise

    def add(self, step: Step, commands: Mapping[str, NDArray[np.float32]] | None = None) -> None:
        """Record a step of all worlds being recorded.

        Parameters
        ----------
        step
            As `rollout.run` reports it.
        commands
            What each controller wanted, float32 (B, 2) by its name, where a driver arbitrates between several; by
            default the action under the step's controller.
        """
        if self._state is None:
            raise ValueError("the recording has not been started")
        wanted = {step.controller: step.action} if commands is None else dict(commands)
        # The loop copies what it shows; the fields that it leaves out have not changed since the last step.
        before = self._state._replace(**step.state_before._asdict())
        self._state = _snapshot(step.simulator.state)
        images = {name: to_host(step.observation.camera[name]) for name in self._writer.cameras}
        columns = truth_of(before) | _decisions(step.controller, to_host(step.action), wanted)
        columns["events"] = self._state.events.tolist()
        for name in self._writer.readings:
            columns[f"{OBSERVATION_PREFIX}{name}"] = readings_column(to_host(step.observation.added[name]))
        recorded = [(world, journal) for world, journal in self._journals.items() if step.active[world]]
        wall_times = [self._wall_clock() for _ in recorded]
        self._queue.do(_append, recorded, columns, wall_times, images)
        for world, _ in recorded:
            if self._state.done[world]:
                self._close(world)

    def finish(self, keep: bool = True) -> list[int]:
        """End the recording; the indices of the episodes that were added now.

        Parameters
        ----------
        keep
            Whether the worlds still being recorded become episodes, or are forgotten.
        """
        already = len(self.written)
        with ExitStack() as every:
            # One that fails keeps none of the others from being finished.
            every.callback(self._add_closed)
            every.callback(self.stop, keep)
        return self.written[already:]

    def stop(self, keep: bool = True) -> None:
        """End the recording, but leave it to `finish` to add the episodes."""
        self._state = None
        with ExitStack() as every:
            every.callback(self._queue.settle)
            for world in reversed(self._journals):
                every.callback(self._close, world, keep)
            every.callback(self._queue.settle)

    def on_reset(self, simulator: Simulator, observation: Observation) -> None:
        """As `rollout.run` calls it: start."""
        self.finish()
        self.start(simulator, observation)

    def on_step(self, step: Step) -> None:
        """As `rollout.run` calls it: add."""
        self.add(step)

    def on_finish(self, simulator: Simulator) -> None:
        """As `rollout.run` calls it: finish, and keep."""
        self.finish()

    @property
    def _writer(self) -> DatasetWriter:
        if self._dataset is None:
            raise ValueError("the recording has not been started")
        return self._dataset

    def _close(self, world: int, keep: bool = True) -> None:
        journal = self._journals.pop(world)
        if not keep:
            self._writer.discard(journal)
            return
        # Before anything can fail: whatever is on the disk becomes an episode.
        self._closed.append(journal)
        self._queue.do(journal.close, {"ended": _iso(self._wall_clock())})

    def _add_closed(self) -> None:
        closed, self._closed = self._closed, []
        if closed:
            self.written += self._writer.add(closed)

    def _reading_kinds(self, observation: Observation) -> dict[str, Reading]:
        names = _observed("readings", self.readings, observation.added)
        return {name: reading_of(name, observation.added[name]) for name in names}

    def _camera_shapes(self, observation: Observation) -> dict[str, tuple[int, int]]:
        names = _observed("cameras", self.cameras, observation.camera)
        return {name: tuple(observation.camera[name].shape[1:3]) for name in names}

    def _describe(self, simulator: Simulator, episode: Any, slots: int) -> dict[str, Any]:
        configs = [c for c in self.camera_configs if self.cameras is None or c.name in self.cameras]
        return {
            "scenario": episode.scenario,
            "split": episode.split,
            "number": episode.number,
            "seed": episode.seed,
            "weather": episode.weather.name,
            "driver": self.driver,
            "started": _iso(self._wall_clock()),
            "versions": versions(),
            "control_period": simulator.control_period,
            "vehicle": {name: float(value) for name, value in simulator.vehicle._asdict().items()},
            "cameras": describe_cameras(configs),
            "actor_slots": slots,
            "episode": describe_episode(episode),
            **self.provenance,
        }


def _observed(what: str, names: Sequence[str] | None, observed: Mapping[str, Any]) -> tuple[str, ...]:
    """The ``names``, by default all that are observed; InputError for one that is not."""
    for name in names or ():
        if name not in observed:
            have = ", ".join(observed) or "none"
            raise InputError(what, name, "is not observed", f"ask the sensors for it; there are: {have}")
    return tuple(observed) if names is None else tuple(names)


def _decisions(
    controller: str, action: NDArray[np.float32], wanted: Mapping[str, NDArray[np.float32]]
) -> dict[str, list[Any]]:
    """The columns of the controller and its action, and of each controller's command: a value for each world."""
    worlds = len(action)
    columns: dict[str, list[Any]] = {
        "controller": [controller] * worlds,
        "action": action.tolist(),
        "commands_given": [sum(1 << code for code, name in enumerate(CONTROLLERS) if name in wanted)] * worlds,
    }
    for name in CONTROLLERS:
        columns[f"command.{name}"] = to_host(wanted[name]).tolist() if name in wanted else [[0.0, 0.0]] * worlds
    return columns


def _append(
    recorded: Sequence[tuple[int, JournalWriter]],
    columns: Mapping[str, Sequence[Any]],
    wall_times: Sequence[float],
    images: Mapping[str, NDArray[np.uint8]],
) -> None:
    """Add a step to the journal of each world that is recorded."""
    for (world, journal), wall_time in zip(recorded, wall_times, strict=True):
        values = {name: column[world] for name, column in columns.items()}
        journal.append({**values, "wall_time": wall_time}, {name: shown[world] for name, shown in images.items()})


def _snapshot(state: State) -> State:
    return State(*(np.array(to_host(array)) for array in state))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
