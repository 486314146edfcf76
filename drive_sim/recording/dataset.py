"""Reading a dataset: episodes, their columns and images, and the worlds of their steps.

    dataset = Dataset.open("runs/mine")
    for episode in dataset.episodes:
        columns = dataset.episode(episode.index).columns      # NumPy arrays by column
        first = dataset.frames(episode.index)[0]              # uint8 (H, W, 3) RGB
        state = dataset.episode(episode.index).state()        # one world a step, to render again

The folder is a LeRobot v3 dataset (images inside Parquet, one data file an episode) with more columns; `writer` adds
episodes to it, `curation` lists, checks and drops them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.base.text import user_path
from drive_sim.recording.interrupted import warn_of_interrupted
from drive_sim.recording.journal import decode_image
from drive_sim.recording.lerobot.features import (
    ACTOR_FIELDS,
    ACTOR_SLOTS,
    IMAGE_PREFIX,
    OBSERVATION_PREFIX,
    TRUTH_FIELDS,
    camera_shapes,
    recorded_readings,
    state_of,
)
from drive_sim.recording.lerobot.info import check_features, data_file
from drive_sim.recording.lerobot.metadata import Metadata, read_metadata
from drive_sim.recording.lerobot.tables import column_of, image_bytes, read_data, to_numpy
from drive_sim.recording.provenance import load_road, provenance_of
from drive_sim.recording.recorded_world import load_episode
from drive_sim.recording.storage import settle
from drive_sim.world.roads.road import Road
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.state import State

LARGEST = 1e9
"""No number of a recorded world is as large: compiled code turns places [m] into whole numbers."""


@dataclass(frozen=True, eq=False)
class EpisodeRecord:
    """One row of a dataset's list of episodes."""

    index: int
    """Its place in the dataset now, from 0."""
    number: int
    """Its place in the order of recording; never changes, also when other episodes are dropped."""
    key: str
    """Its name for good."""
    length: int
    """Steps T."""
    task: str
    """What LeRobot calls the task: the scenario's name."""
    provenance: dict[str, Any]
    """Scenario, split, number, seed, road, world, driver, cameras, versions, start, summary."""
    path: Path
    """Its data file."""


@dataclass(frozen=True, eq=False)
class RecordedEpisode:
    """All numbers of one episode."""

    record: EpisodeRecord
    columns: dict[str, NDArray[Any]]
    """Every column but the images, by name: (T), (T, n), (T, N, 5) for the actors' (N of this episode), and
    (T, ...) for the readings of sensors that other packages add, ``observation.<sensor>``."""
    dataset: Dataset

    def __len__(self) -> int:
        return self.record.length

    @property
    def provenance(self) -> dict[str, Any]:
        """Where it comes from."""
        return self.record.provenance

    @property
    def period(self) -> float:
        """Time between two steps [s]."""
        return 1.0 / self.dataset.fps

    def state(self) -> State:
        """The `State` of every step as one batch of T worlds, bit for bit as the simulator had it.

        Raises
        ------
        InputError
            A number is not finite, or names a place that the road does not have.
        """
        for name in (*TRUTH_FIELDS, *ACTOR_FIELDS, "truth.last_action"):
            values = self.columns[name]
            finite = ((values > -LARGEST) & (values < LARGEST)).reshape(len(values), -1).all(1)
            if not finite.all():
                problem = f"is not finite at step {int(np.argmin(finite))}"
                raise InputError(self.record.path, name, problem, "drop the episode")
        state = state_of(self.columns)
        elements = len(self.world.road.x)
        if not ((state.element >= -1) & (state.element < elements)).all():
            problem = f"an element is none of the {elements} of the road"
            raise InputError(self.record.path, "truth.counters", problem, "drop the episode")
        return state

    @cached_property
    def world(self) -> Episode:
        """The `Episode` that was driven: road, weather, other road users. Those on one road share the `Road` object.

        Raises
        ------
        InputError
            Its road's file is missing or damaged, or another version wrote it.
        """
        road = self.dataset.road(self.provenance["road"]["digest"])
        return load_episode(self.record.path, road, self.provenance["episode"], self.provenance["actor_slots"])


class Frames:
    """The images of one camera in one episode, decoded when asked for: ``len``, index, slice, iteration.

    Images are uint8 (H, W, 3) RGB; a slice gives (n, H, W, 3).
    """

    def __init__(self, path: Path, camera: str, shape: tuple[int, int]) -> None:
        self.path, self.camera, self.shape = path, camera, (*shape, 3)

    @cached_property
    def encoded(self) -> list[bytes]:
        """The bytes of the PNG or JPEG files."""
        name = f"{IMAGE_PREFIX}{self.camera}"
        table = read_data(self.path, [name])
        images = image_bytes(column_of(table, self.path, name, {"dtype": "image"}))
        for step, image in enumerate(images):
            if image is None:
                problem = f"the image of step {step} is missing"
                raise InputError(self.path, self.camera, problem, "drop the episode")
        return [image for image in images if image is not None]

    def __len__(self) -> int:
        return len(self.encoded)

    @overload
    def __getitem__(self, step: int) -> NDArray[np.uint8]: ...
    @overload
    def __getitem__(self, step: slice) -> NDArray[np.uint8]: ...
    def __getitem__(self, step: int | slice) -> NDArray[np.uint8]:
        if isinstance(step, slice):
            steps = range(len(self))[step]
            return np.stack([self[i] for i in steps]) if steps else np.zeros((0, *self.shape), np.uint8)
        data = self.encoded[step]
        try:
            image = decode_image(data)
        except ValueError:
            problem = f"the image of step {step} cannot be decoded"
            raise InputError(self.path, self.camera, problem, "drop the episode") from None
        if image.shape != self.shape:
            problem = f"the image of step {step} is {image.shape}, not {self.shape}"
            raise InputError(self.path, self.camera, problem, "drop the episode")
        return image

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self[step] for step in range(len(self)))


class Dataset:
    """A dataset open for reading. It shows what was there when it was opened.

    Iterating gives the episodes; ``len`` is their number.
    """

    def __init__(self, metadata: Metadata) -> None:
        self.path = metadata.root
        self.info = metadata.info
        self.tasks = metadata.tasks
        self.episodes = tuple(_records(metadata))
        self._roads: dict[str, Road] = {}

    @classmethod
    def open(cls, path: str | Path) -> Dataset:
        """Open the dataset in folder ``path``.

        A drop or restore that a crash interrupted is finished first. Episodes whose recording a crash interrupted are
        named in a warning: `writer.recover` adds them, and so does opening the dataset for recording.

        Raises
        ------
        InputError
            There is no dataset, it is damaged, or it is of a newer version.
        """
        root = user_path(path)
        settle(root)
        metadata = read_metadata(root)
        check_features(root, metadata.info)
        warn_of_interrupted(metadata)
        return cls(metadata)

    @property
    def fps(self) -> int:
        """Steps a second."""
        return int(self.info["fps"])

    @property
    def features(self) -> Mapping[str, Mapping[str, Any]]:
        """Columns of the data files, as LeRobot describes them."""
        features: Mapping[str, Mapping[str, Any]] = self.info["features"]
        return features

    @property
    def cameras(self) -> dict[str, tuple[int, int]]:
        """Height and width [pixel] by camera."""
        return camera_shapes(self.features)

    @property
    def controllers(self) -> tuple[str, ...]:
        """Names of the codes in the column ``controller``."""
        return tuple(self.info["drive_sim"]["controllers"])

    @property
    def total_frames(self) -> int:
        """Steps of all episodes."""
        return sum(record.length for record in self.episodes)

    def __len__(self) -> int:
        return len(self.episodes)

    def __iter__(self) -> Iterator[RecordedEpisode]:
        return (self.episode(index) for index in range(len(self)))

    def episode(self, index: int) -> RecordedEpisode:
        """All numbers of one episode.

        Raises
        ------
        InputError
            There is no such episode, or its file is torn.
        """
        record = self._record(index)
        names = [name for name, feature in self.features.items() if feature["dtype"] != "image"]
        table = read_data(record.path, names)
        columns: dict[str, NDArray[Any]] = {}
        for name in names:
            column = column_of(table, record.path, name, self.features[name])
            try:
                columns[name] = to_numpy(column)
            except ValueError as error:
                raise InputError(record.path, name, str(error), "drop the episode") from None
        if table.num_rows != record.length:
            problem = f"holds {table.num_rows} steps instead of {record.length}"
            raise InputError(record.path, "", problem, "drop the episode")
        slots = int(record.provenance["actor_slots"])
        for name, fields in ACTOR_FIELDS.items():
            columns[name] = columns[name].reshape(-1, ACTOR_SLOTS, len(fields))[:, :slots]
        for name, reading in recorded_readings(self.info).items():
            column = f"{OBSERVATION_PREFIX}{name}"
            columns[column] = columns[column].reshape(-1, *reading.shape)
        return RecordedEpisode(record, columns, self)

    def road(self, digest: str) -> Road:
        """The road with this digest, read once; `InputError` when its file is missing or damaged."""
        if digest not in self._roads:
            self._roads[digest] = load_road(self.path, digest)
        return self._roads[digest]

    def frames(self, index: int, camera: str | None = None) -> Frames:
        """The images of one episode and camera (by default the first); nothing is read before one is asked for.

        Raises
        ------
        InputError
            There is no such episode or camera.
        """
        record = self._record(index)
        cameras = self.cameras
        if not cameras:
            raise InputError(self.path, "", "was recorded without a camera", "render its images, or record with one")
        name = next(iter(cameras)) if camera is None else camera
        if name not in cameras:
            raise InputError(self.path, "camera", f"there is no camera {name!r}", f"use one of {', '.join(cameras)}")
        return Frames(record.path, name, cameras[name])

    def _record(self, index: int) -> EpisodeRecord:
        if not 0 <= index < len(self.episodes):
            have = f"0 to {len(self.episodes) - 1}" if self.episodes else "none"
            problem, hint = f"there is no episode {index}", f"choose one of those it has: {have}"
            raise InputError(self.path, "episode", problem, hint)
        return self.episodes[index]


def _records(metadata: Metadata) -> Iterator[EpisodeRecord]:
    for index, row in enumerate(metadata.rows.to_pylist()):
        yield EpisodeRecord(
            index=index,
            number=row["drive_sim/number"],
            key=row["drive_sim/key"],
            length=row["length"],
            task=row["tasks"][0] if row["tasks"] else "",
            provenance=provenance_of(metadata.root, row),
            path=data_file(metadata.root, index),
        )
