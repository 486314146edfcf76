"""What defines a network: layers, sizes, and the bins of its answers; checked before anything is built of it."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from drive_sim.base.errors import InputError
from drive_sim.base.validation import input_error
from drive_sim.drivers.neural.registry import NETWORKS, OTHERWISE, is_network, is_ours
from drive_sim.sensors.camera.mosaic import Size, mosaic_size

SEEN_KINDS = ("vehicle", "person", "thing")
"""Kinds of road users told apart in a column."""
SEEN_BORDERS = (12.0, 25.0, 50.0)
"""Borders of the distances told apart [m]."""
SEEN_CLASSES = 1 + len(SEEN_KINDS) * (len(SEEN_BORDERS) + 1)
"""No actor, or the nearest one: its kind and, within it, its distance, the shortest first."""
MOST_OUTPUTS = 2**27
"""Numbers that a convolution may give for one image: 512 MiB, 1,800 times what PilotNet's largest gives."""
MOST_WEIGHTS = 2**27
"""Weights that a network may have: 512 MiB, 270 times PilotNet's."""
_Layers = Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(min_length=1, max_length=32)]
_Sizes = Annotated[tuple[Annotated[int, Field(ge=1, le=64)], ...], Field(min_length=1, max_length=32)]
_Pixels = Annotated[int, Field(ge=8, le=4096)]


@dataclass(frozen=True)
class NetworkSettings:
    """Everything that defines a network; saved as ``network`` in a model's config.json."""

    __pydantic_config__ = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    name: str = "pilotnet"
    """Name of the network, as `drive-sim train --help` lists them, or a class of one's own: `FILE.py:Class`, seen from
    the recipe's folder or the current one, or `module:Class`."""
    height: _Pixels = 66
    """Rows of the image [pixels]: the camera's."""
    width: _Pixels = 200
    """Columns of the image [pixels]: the camera's."""
    more_images: Annotated[tuple[tuple[_Pixels, _Pixels], ...], Field(max_length=8)] = ()
    """Rows and columns of the images of further cameras [pixels], which lie below the first in what the network is
    given."""
    frames: Annotated[int, Field(ge=1, le=16)] = 1
    """Moments that the network is given: the present one, and earlier ones, whose images lie below it, the latest
    first. 1: the present one alone, as for `pilotnet`; `stack` and `recurrent` take 2 or more, such as 3."""
    frame_interval: Annotated[float, Field(gt=0.0, le=5.0)] = 0.2
    """Time between those moments [s], rounded to control steps."""
    channels: _Layers = (16, 24, 48, 64, 64)
    """Channels of each convolution."""
    kernels: _Sizes = (5, 5, 5, 3, 3)
    """Rows and columns of each convolution's kernel [pixels]."""
    strides: _Sizes = (2, 2, 2, 1, 1)
    """Stride of each convolution [pixels]."""
    standardised: bool = True
    """Whether every filter is brought to mean zero and unit variance before it is used; plain ones begin after He."""
    dense: Annotated[tuple[Annotated[int, Field(ge=1, le=65536)], ...], Field(max_length=32)] = (256, 128)
    """Units of each dense layer before the heads."""
    activation: Literal["relu", "elu", "leaky_relu", "silu", "sigmoid", "tanh"] = "relu"
    """After each convolution and each dense layer."""
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1
    """Share of a dense layer's units that each step of training leaves out."""
    curvature_bins: Annotated[int, Field(ge=1, le=1001)] = 41
    """Bins of the distribution over curvatures, an odd number: the middle one is straight ahead. 1: the curvature
    itself, learnt by squared error."""
    curvature_max: Annotated[float, Field(gt=0.0, le=10.0)] = 0.15
    """Largest curvature represented [1/m]: a turn of 6.7 m radius."""
    curvature_spread: Annotated[float, Field(gt=0.0, le=20.0)] = 4.0
    """How much finer the bins are at zero than at the ends (sinh spacing)."""
    speed_bins: Annotated[int, Field(ge=1, le=1001)] = 15
    """Bins of the distribution over target speeds; the first one is a stop. 1: the speed itself, learnt by squared
    error."""
    speed_max: Annotated[float, Field(gt=0.0, le=200.0)] = 35.0
    """Largest target speed represented [m/s]."""
    future: Annotated[int, Field(ge=0, le=3)] = 3
    """Auxiliary curvatures, each half a second further ahead on the driven path; 0: none."""
    seen: bool = True
    """Whether an auxiliary head tells the nearest actor in each column of the last convolution."""
    slowest: bool = False
    """Whether an auxiliary head tells the lowest speed of the next two seconds, in the bins of the target speed."""

    options: dict[str, JsonValue] = field(default_factory=dict)
    """Keys of the network's own, of any JSON values: what another package's or one's own network needs beside these."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready settings."""
        values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return values | {"more_images": [list(size) for size in self.more_images]}

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str) -> NetworkSettings:
        """Settings read from ``source`` (named in errors); InputError for an unknown key or a value out of range."""
        settings = _validated(values, source)
        settings.check(source)
        return settings

    def check(self, source: str) -> None:
        """InputError, with ``source`` as the place of the mistake, if no network can be built of these settings."""
        _validated(self.to_dict(), source)
        for place in _not_finite(self.options, "network.options"):
            raise InputError(source, place, "is not a finite number", "write a finite number")
        if not is_network(self.name):
            hint = f"use {', '.join(NETWORKS)}, {OTHERWISE}"
            raise InputError(source, "network.name", f"{self.name!r} is not a network", hint)
        if not len(self.channels) == len(self.kernels) == len(self.strides):
            raise InputError(
                source, "network.channels", "needs as many entries as kernels and strides", "make them equal"
            )
        if self.curvature_bins % 2 == 0:
            raise InputError(source, "network.curvature_bins", f"is {self.curvature_bins}", "use an odd number")
        if is_ours(self.name):
            self._check_frames(source)
            self._check_layers(source)

    def _check_frames(self, source: str) -> None:
        """InputError if this package's network is given fewer or more moments than it looks at."""
        if self.name == "pilotnet" and self.frames > 1:
            hint = "use 1, or network.name = stack or recurrent"
            raise InputError(source, "network.frames", f"is {self.frames}, pilotnet looks at one moment", hint)
        if self.name != "pilotnet" and self.frames == 1:
            problem = f"is 1, {self.name} looks at several moments"
            raise InputError(source, "network.frames", problem, "use 3, or network.name = pilotnet")

    def _check_layers(self, source: str) -> None:
        """InputError if the layers of this package's network do not fit the image, or would fill the memory."""
        for size in self.images:
            for layer, (rows, columns) in enumerate(self._planes(size)):
                field = f"network.kernels.{layer}"
                if rows < 1 or columns < 1:
                    raise InputError(source, field, "is larger than what it looks at", "use smaller kernels or strides")
                if self.channels[layer] * rows * columns > MOST_OUTPUTS:
                    problem = f"gives more than {MOST_OUTPUTS} numbers for an image"
                    raise InputError(source, field, problem, "use fewer channels, a smaller image or longer strides")
        if sum(map(math.prod, self.weight_shapes().values())) > MOST_WEIGHTS:
            raise InputError(source, "network", f"has more than {MOST_WEIGHTS} weights", "use smaller layers")

    @property
    def images(self) -> tuple[Size, ...]:
        """(rows, columns) of the image of each camera."""
        return ((self.height, self.width), *self.more_images)

    @property
    def moment_size(self) -> Size:
        """(rows, columns) of one moment: the `mosaic` of the cameras' images."""
        return mosaic_size(self.images)

    @property
    def image_size(self) -> Size:
        """(rows, columns) of what the network is given: the `mosaic` of its moments, the present one on top."""
        return mosaic_size([self.moment_size] * self.frames)

    def frame_steps(self, period: float) -> int:
        """Steps of a ``period`` [s] from one moment to the next."""
        return max(round(self.frame_interval / period), 1)

    @property
    def planes_seen(self) -> int:
        """Planes of colour that the first convolution of this package's network takes of a camera."""
        return 3 * self.frames if self.name == "stack" else 3

    @property
    def state_size(self) -> int:
        """Numbers that this package's network carries from one moment to the next."""
        return self._last_units if self.name == "recurrent" else 0

    @property
    def _last_units(self) -> int:
        return self.dense[-1] if self.dense else self.features

    def _planes(self, size: Size) -> Iterator[Size]:
        """(rows, columns) that each convolution gives for an image of a size."""
        rows, columns = size
        for kernel, stride in zip(self.kernels, self.strides, strict=True):
            rows, columns = (rows - kernel) // stride + 1, (columns - kernel) // stride + 1
            yield rows, columns

    @property
    def features(self) -> int:
        """Numbers that the last convolutions of this package's network give for one moment."""
        return self.channels[-1] * sum(math.prod(list(self._planes(size))[-1]) for size in self.images)

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the weights of this package's network by name, known before it is built."""
        shapes: dict[str, tuple[int, ...]] = {}
        for camera in range(len(self.images)):
            # Those of further cameras are numbered from 0.
            place = f"further.{camera - 1}." if camera else ""
            before = self.planes_seen
            for layer, (channels, size) in enumerate(zip(self.channels, self.kernels, strict=True)):
                # Each convolution is followed by its activation.
                name = f"{place}convolutions.{2 * layer}"
                shapes |= {f"{name}.weight": (channels, before, size, size), f"{name}.bias": (channels,)}
                if self.standardised:
                    shapes[f"{name}.gain"] = (channels, 1, 1, 1)
                before = channels
            if self.seen:
                shapes |= {f"{place}seen.weight": (SEEN_CLASSES, before, 1, 1), f"{place}seen.bias": (SEEN_CLASSES,)}
        before = self.features
        # Each dense layer is followed by its activation and its dropout.
        for layer, units in enumerate(self.dense):
            shapes |= {f"dense.{3 * layer}.weight": (units, before), f"dense.{3 * layer}.bias": (units,)}
            before = units
        bins, carried = self.curvature_bins, self.state_size
        heads = {"curvature": bins, "speed": self.speed_bins}
        if self.future:
            heads["future"] = self.future * bins
        if self.slowest:
            heads["slowest"] = self.speed_bins
        for name, units in heads.items():
            # What a recurrent network carries is beside what it sees.
            shapes |= {f"{name}.weight": (units, before + carried), f"{name}.bias": (units,)}
        for name in ("memory.seen", "memory.carried") if carried else ():
            shapes |= {f"{name}.weight": (3 * carried, carried), f"{name}.bias": (3 * carried,)}
        return shapes

    @property
    def curvature_centres(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Curvature at each bin's centre [1/m], right to left, zero in the middle; a single bin's is the largest."""
        if self.curvature_bins == 1:
            return np.array([self.curvature_max], np.float32)
        u = np.linspace(-1.0, 1.0, self.curvature_bins)
        return (self.curvature_max * np.sinh(self.curvature_spread * u) / np.sinh(self.curvature_spread)).astype(
            np.float32
        )

    @property
    def columns(self) -> list[tuple[NDArray[np.int64], int]]:
        """Where the last convolution's columns look, for each camera.

        The middle of each column in the camera's image [pixels], and their distance.
        """
        return [self._columns(width) for _, width in self.images]

    @property
    def column_count(self) -> int:
        """Columns of the last convolutions of all cameras."""
        return sum(len(middles) for middles, _ in self.columns)

    def _columns(self, width: int) -> tuple[NDArray[np.int64], int]:
        first, step, count = 0.0, 1, width
        for size, stride in zip(self.kernels, self.strides, strict=True):
            first += step * (size - 1) / 2
            step *= stride
            count = (count - size) // stride + 1
        return np.rint(first + step * np.arange(count)).astype(np.int64), step

    @property
    def speed_centres(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Speed at each bin's centre [m/s]; bin 0 is the explicit stop; a single bin's is the largest."""
        if self.speed_bins == 1:
            return np.array([self.speed_max], np.float32)
        return np.linspace(0.0, self.speed_max, self.speed_bins, dtype=np.float32)


def _not_finite(value: JsonValue, place: str) -> Iterator[str]:
    """The dotted name of every number in a JSON value that is not finite."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _not_finite(item, f"{place}.{key}")
    elif isinstance(value, float) and not math.isfinite(value):
        yield place


@functools.cache
def _schema() -> TypeAdapter[NetworkSettings]:
    return TypeAdapter(NetworkSettings)


def _validated(values: dict[str, Any], source: str) -> NetworkSettings:
    """Settings whose every value is of its type and in its range."""
    try:
        # As JSON, whose lists are tuples even where nothing else is converted.
        return _schema().validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        found, mistake = input_error(error, source, "network"), error.errors()[0]
        told = "" if mistake["type"] == "extra_forbidden" else f"{mistake['input']!r:.80}: "
        raise InputError(source, found.field, told + found.problem, found.hint) from None
