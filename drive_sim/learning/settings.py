"""What a training run is defined by: the keys of a recipe."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, field, fields
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from drive_sim.base.errors import InputError
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.sensors.camera.optics.configuration import CameraConfig
from drive_sim.sensors.configuration import Flag, Number, Share, Whole, configuration

SIZES = ("width", "height")
"""What the network takes over from the camera."""
MORE_SIZES = "more_images"
"""What it takes over from the further cameras."""

_Sigma = Annotated[Number, Field(ge=0.0, le=10.0)]
_Weight = Annotated[Number, Field(ge=0.0, le=1000.0)]


def _automatic(value: Any) -> Any:
    return None if value == "auto" else value


@configuration("sampling")
class ViewSettings:
    """How views are drawn from recorded episodes."""

    offset_sigma: _Sigma = 0.5
    """Standard deviation of a view's lateral shift [m]."""
    offset_max: _Sigma = 1.6
    """Largest lateral shift of a view [m]."""
    yaw_sigma: Annotated[Number, Field(ge=0.0, le=1.0)] = 0.087
    """Standard deviation of a view's turn at walking and town speed [rad]; less when fast, where such angles do not
    occur."""
    unperturbed: Share = 0.25
    """Share of views taken exactly where the driver was."""
    redrawn_weather: Share = 0.6
    """Share of views in weather other than the recording's."""
    repainted: Share = 0.6
    """Share of views in which the actors wear colours of other actors of their kind."""
    body_sigma: Annotated[Number, Field(ge=0.0, le=0.5)] = 0.008
    """Standard deviation of the body's pitch and roll [rad], which stand in for braking, bumps and a camera that was
    mounted anew."""
    change_points: Share = 0.0
    """Share of views of moments just before speed or curvature change (Wen et al. 2021), beside those that the others
    show; an error of half a second weighs most there."""
    randomised: Annotated[Number, Field(ge=0.0, le=0.5)] = 0.0
    """Share of views whose appearance is drawn at random, far wider than nature: palettes, light, air, markings worn,
    missing or yellow, exposure, tone, focus and what lies on the glass. The others stay as they are to the bit."""
    transplanted: Annotated[Number, Field(ge=0.0, lt=1.0)] = 0.0
    """Share of views of the person's manoeuvres on other roads, where there are any."""
    visited: Annotated[Number, Field(ge=0.0, le=0.5)] = 0.3
    """Share of views of what the network drove into itself, where there is any: see ``rounds``."""


@configuration("recipe")
class TrainingSettings:
    """What a training run is defined by; saved in the model's config.json.

    Raises
    ------
    InputError
        For a value of the wrong type or out of range, and for values that contradict each other.
    """

    views: Annotated[Whole, Field(ge=1, le=10**9)] = 224_000
    """Views learnt from in all: a multiple of ``chunk``, or fewer than that."""
    chunk: Annotated[Whole, Field(ge=1, le=10**6)] = 8_000
    """Views rendered, learnt from and checkpointed together; never more than there are."""
    batch: Annotated[Whole, Field(ge=1, le=65_536)] = 32
    """Views in one step of the optimiser."""
    parts: Annotated[Whole, Field(ge=1, le=64)] = 2
    """Parts of a batch that a CPU learns from side by side, each on a thread of its own; 1: the whole, on as many
    threads as there are cores, which wait for each other in every layer. Another number gives other last bits. Networks
    that cannot learn in parts, and GPUs, take the whole."""
    learning_rate: Annotated[Number, Field(gt=0.0, le=1.0)] = 3e-3
    """Largest learning rate of AdamW, reached after a tenth of the run; from there half a cosine down to a
    hundredth."""
    weight_decay: Annotated[Number, Field(ge=0.0, le=10.0)] = 0.01
    """Weight decay of AdamW."""
    ema: Annotated[Number, Field(ge=0.0, lt=1.0)] = 0.998
    """Decay a step of the weights' moving average, which is what drives."""
    speed_weight: _Weight = 0.7
    """Weight of the target speed's loss; the curvature's is 1."""
    future_weight: _Weight = 0.2
    """Weight of the loss of the curvature ahead, an auxiliary task."""
    seen_weight: _Weight = 2.0
    """Weight of the loss of the nearest actor in each column, an auxiliary task."""
    slowest_weight: _Weight = 0.5
    """Weight of the loss of the lowest speed of the next two seconds, an auxiliary task of ``network.slowest``."""
    transplants: Annotated[Whole, Field(ge=0, le=100_000)] = 0
    """Episodes made of the person's manoeuvres, on other roads of the training kind, before learning begins;
    ``sampling.transplanted`` is their share of the views."""
    rounds: Annotated[Whole, Field(ge=0, le=1000)] = 0
    """On-policy rounds, spread over the run: the network drives in the recorded worlds, and from wherever it gets to
    it learns what leads back to the recorded driving. Fewer than there are chunks."""
    rounds_episodes: Annotated[Whole, Field(ge=1, le=100_000)] = 128
    """Episodes that the network drives in each round, of up to 12 s."""
    rounds_teacher: str = ""
    """A planning driver, such as ``human-model`` or ``expert``, that says in its rounds what to do, instead of the
    recording; empty: none."""
    held_out: Annotated[Number, Field(ge=0.0, lt=1.0)] = 0.08
    """Share of recorded episodes that only the validation loss sees."""
    trials: Annotated[Whole, Field(ge=0, le=10_000)] = 3
    """The last so many checkpoints drive on validation roads, and the best one is the model; 0: the last one is."""
    half_precision: Annotated[Flag | None, BeforeValidator(_automatic)] = None
    """Compute in bfloat16; ``"auto"`` or left out: where that is faster, on a GPU and on a CPU with matrix tiles."""
    seed: Annotated[Whole, Field(ge=0, le=2**63 - 1)] = 0
    """Of the first weights, the views and their order, dropout, and the episodes that are held out."""
    network: NetworkSettings = field(default_factory=NetworkSettings)
    """What learns; its ``width`` and ``height`` are the camera's."""
    sampling: ViewSettings = field(default_factory=ViewSettings)
    """How views are drawn."""
    camera: CameraConfig = field(default_factory=CameraConfig)
    """What the network sees through."""
    more_cameras: tuple[CameraConfig, ...] = ()
    """Further cameras, each a table; what one leaves out is the first camera's. Each image has convolutions of its
    own."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "chunk", min(self.chunk, self.views))
        if self.views % self.chunk:
            problem = f"must be a multiple of chunk, {self.chunk}, which {self.views} is not"
            hint = f"use {self.views - self.views % self.chunk}, or another chunk"
            raise InputError("recipe", "views", problem, hint)
        if (self.transplants > 0) != (self.sampling.transplanted > 0.0):
            problem = f"is {self.transplants}, sampling.transplanted is {self.sampling.transplanted:g}"
            raise InputError("recipe", "transplants", problem, "give both, as 400 and 0.5, or neither")
        if self.rounds and self.sampling.transplanted + self.sampling.visited >= 1.0:
            shares = f"{self.sampling.transplanted:g} and {self.sampling.visited:g}"
            problem = f"and sampling.visited are {shares}, which leave nothing recorded"
            raise InputError("recipe", "sampling.transplanted", problem, "let them add up to less than 1")
        if self.rounds >= self.chunks and self.rounds:
            problem = f"are {self.rounds}, the run has {self.chunks} chunks"
            raise InputError("recipe", "rounds", problem, "use fewer rounds, more views or a smaller chunk")
        if self.rounds_teacher and not self.rounds:
            problem = f"is {self.rounds_teacher!r}, and there are no rounds"
            raise InputError("recipe", "rounds_teacher", problem, "set rounds, or leave the teacher out")
        for size in SIZES:
            ours, cameras = getattr(self.network, size), getattr(self.camera, size)
            if ours != cameras:
                hint = f"leave network.{size} out, which is the camera's, and set camera.{size}"
                raise InputError("recipe", f"network.{size}", f"is {ours}, camera.{size} is {cameras}", hint)
        sizes = tuple((camera.height, camera.width) for camera in self.more_cameras)
        if self.network.more_images != sizes:
            hint = "leave network.more_images out: they are those of more_cameras"
            problem = f"is {self.network.more_images}, more_cameras have {sizes}"
            raise InputError("recipe", f"network.{MORE_SIZES}", problem, hint)
        for camera in self.more_cameras:
            if [each.name for each in self.cameras].count(camera.name) > 1:
                raise InputError("recipe", "more_cameras", f"has a second camera {camera.name!r}", "name each apart")

    @property
    def cameras(self) -> tuple[CameraConfig, ...]:
        """Every camera, the first one first."""
        return (self.camera, *self.more_cameras)

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return self.views // self.chunk

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready settings."""
        return {**asdict(self), "network": self.network.to_dict()}

    @classmethod
    def from_dict(cls, tables: Mapping[str, Any], source: str | Path) -> TrainingSettings:
        """Settings of `to_dict`'s values, or some of them: the others have their defaults, and sizes are the camera's.

        Raises
        ------
        InputError
            For an unknown key, or a value of the wrong type or out of range; ``source`` is named as its place.
        """
        _check_keys(tables, source)
        values = dict(tables)
        camera = CameraConfig.from_dict(_table(values, "camera", source), str(source))
        more = _more_cameras(values.pop("more_cameras", ()), camera, source)
        sizes = {size: getattr(camera, size) for size in SIZES}
        sizes |= {MORE_SIZES: [(each.height, each.width) for each in more]}
        network = sizes | _table(values, "network", source)
        sampling = _table(values, "sampling", source)
        try:
            drawn = ViewSettings(**sampling)
        except InputError as error:
            raise InputError(source, f"sampling.{error.field}", error.problem, error.hint) from None
        try:
            learner = NetworkSettings.from_dict(network, str(source))
            return cls(**values, camera=camera, more_cameras=more, network=learner, sampling=drawn)
        except InputError as error:
            raise InputError(source, error.field, error.problem, error.hint) from None


OPTIONS = "network.options"
"""The key that is a table of any keys."""
TABLES: dict[str, Any] = {"network": NetworkSettings, "sampling": ViewSettings, "camera": CameraConfig}
"""What each table of a recipe becomes."""


def known_keys() -> tuple[str, ...]:
    """The dotted names of all keys of a recipe, as ``views`` and ``network.dropout``."""
    top = [one.name for one in fields(TrainingSettings) if one.name not in TABLES]
    below = [f"{table}.{one.name}" for table, kind in TABLES.items() for one in fields(kind)]
    return (*top, *below)


def suggestion(key: str) -> str:
    """A hint for a key that a recipe does not have: the nearest that it has."""
    last = {name: name.rpartition(".")[2] for name in known_keys()}
    near = [name for name in last if last[name] == key.rpartition(".")[2]]
    near = near or difflib.get_close_matches(key, last, 1, 0.75)
    if not near:
        alike = difflib.get_close_matches(key.rpartition(".")[2], last.values(), 1)
        near = [name for name in last if last[name] in alike]
    return f"did you mean {' or '.join(near)}?" if near else "docs/recipes.md lists the keys"


def _check_keys(tables: Mapping[str, Any], source: str | Path) -> None:
    known = known_keys()
    for key in _dotted(tables):
        if key not in known:
            raise InputError(source, key, "is not a key of a recipe", suggestion(key))


def _dotted(tables: Mapping[str, Any]) -> Iterator[str]:
    """The dotted name of every key."""
    for name, value in tables.items():
        if name in TABLES and isinstance(value, dict):
            yield from (f"{name}.{key}" for key in value)
        elif name not in TABLES:
            yield str(name)


def _more_cameras(tables: Any, first: CameraConfig, source: str | Path) -> tuple[CameraConfig, ...]:
    """The cameras beside the first, which has what they leave out."""
    if not isinstance(tables, list | tuple) or not all(isinstance(table, dict) for table in tables):
        raise InputError(source, "more_cameras", "is not a list of tables", "write [[more_cameras]] and keys below it")
    cameras = []
    for number, table in enumerate(tables):
        try:
            cameras.append(CameraConfig.from_dict(first.to_dict() | table, str(source)))
        except InputError as error:
            field = error.field.replace("camera", f"more_cameras.{number}", 1)
            raise InputError(source, field, error.problem, error.hint) from None
    return tuple(cameras)


def _table(values: dict[str, Any], name: str, source: str | Path) -> dict[str, Any]:
    """The table ``name``, taken out of ``values``; empty where there is none."""
    table = values.pop(name, {})
    if not isinstance(table, dict):
        raise InputError(source, name, "is not a table", f"write [{name}] and its keys below it")
    return dict(table)
