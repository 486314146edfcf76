"""What a network is: its settings, its answers, how logits become numbers, and how one is built by its name.

`pilotnet` is this package's network.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from drive_sim.base.errors import InputError
from drive_sim.compute.kernel import inner_scalar, kernel
from drive_sim.drivers.neural.registry import NETWORKS

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "elu": nn.ELU,
    "leaky_relu": nn.LeakyReLU,
    "silu": nn.SiLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}


SEEN_KINDS = ("vehicle", "person", "thing")
"""Kinds of road users told apart in a column."""
SEEN_BORDERS = (12.0, 25.0, 50.0)
"""Borders of the distances told apart [m]."""
SEEN_CLASSES = 1 + len(SEEN_KINDS) * (len(SEEN_BORDERS) + 1)
"""Nobody, or the nearest one: its kind and, within it, its distance, near first."""
CURVATURE_REACH, SPEED_REACH = 3, 1
"""How many bins on each side of the middle of a window that `decode` takes a mean over."""


class Answers(NamedTuple):
    """What a network makes of B images: logits."""

    curvature: Tensor
    """(B, curvature_bins)"""
    speed: Tensor
    """(B, speed_bins)"""
    future: Tensor | None = None
    """(B, future, curvature_bins); None where a network has no such head."""
    seen: Tensor | None = None
    """(B, SEEN_CLASSES, columns of the last convolution); None where a network has no such head."""


@dataclass(frozen=True)
class NetworkSettings:
    """Everything that defines a network; saved as ``network`` in a model's config.json."""

    name: str = "pilotnet"
    height: int = 66
    width: int = 200
    channels: tuple[int, ...] = (24, 40, 48, 64, 64)
    kernels: tuple[int, ...] = (5, 5, 5, 3, 3)
    strides: tuple[int, ...] = (2, 2, 2, 1, 1)
    dense: tuple[int, ...] = (256, 128)
    activation: str = "relu"
    dropout: float = 0.1
    curvature_bins: int = 41
    curvature_max: float = 0.15
    """Largest curvature represented [1/m]: a turn of 6.7 m radius."""
    curvature_spread: float = 4.0
    """How much finer the bins are at zero than at the ends (sinh spacing)."""
    speed_bins: int = 15
    speed_max: float = 35.0
    """[m/s]"""
    future: int = 3
    """Auxiliary curvatures, each half a second further ahead."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready settings."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str) -> NetworkSettings:
        """Settings read from ``source`` (named in errors); InputError for an unknown key or a value out of range."""
        known = cls.__dataclass_fields__
        for key in values:
            if key not in known:
                raise InputError(source, f"network.{key}", "is not a setting of a network", f"use {', '.join(known)}")
        try:
            given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
            settings = cls(**given)
        except TypeError as error:
            raise InputError(source, "network", str(error), "compare it with a model under models/") from None
        settings.check(source)
        return settings

    def check(self, source: str) -> None:
        """InputError if no network can be built of these settings."""
        if self.name not in NETWORKS:
            raise InputError(source, "network.name", f"{self.name!r} is not a network", f"use {', '.join(NETWORKS)}")
        if self.activation not in ACTIVATIONS:
            raise InputError(
                source, "network.activation", f"{self.activation!r} is unknown", f"use one of {', '.join(ACTIVATIONS)}"
            )
        if not len(self.channels) == len(self.kernels) == len(self.strides):
            raise InputError(
                source, "network.channels", "needs as many entries as kernels and strides", "make them equal"
            )
        if self.curvature_bins < 3 or self.curvature_bins % 2 == 0:
            raise InputError(source, "network.curvature_bins", f"is {self.curvature_bins}", "use an odd number from 3")
        if self.speed_bins < 2:
            raise InputError(source, "network.speed_bins", f"is {self.speed_bins}", "use at least 2")

    @property
    def curvature_centres(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Curvature at each bin's centre [1/m], ascending (right to left), zero in the middle."""
        u = np.linspace(-1.0, 1.0, self.curvature_bins)
        return (self.curvature_max * np.sinh(self.curvature_spread * u) / np.sinh(self.curvature_spread)).astype(
            np.float32
        )

    @property
    def columns(self) -> tuple[NDArray[np.int64], int]:
        """Where the last convolution's columns look: the middle of each in the image [pixels], and their distance."""
        first, step, count = 0.0, 1, self.width
        for size, stride in zip(self.kernels, self.strides, strict=True):
            first += step * (size - 1) / 2
            step *= stride
            count = (count - size) // stride + 1
        return np.rint(first + step * np.arange(count)).astype(np.int64), step

    @property
    def speed_centres(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Speed at each bin's centre [m/s]; bin 0 is the explicit stop."""
        return np.linspace(0.0, self.speed_max, self.speed_bins, dtype=np.float32)


class Network(nn.Module):
    """What a network is to its trainer and its driver.

    ``forward(images)`` takes uint8 (B, H, W, 3) RGB, as the camera gives them, to `Answers`. What it answers to an
    image must not depend on the others of the batch when it drives (`nn.Module.eval`).

    Parameters
    ----------
    settings
        Sizes that it is built from; what it has no use for, it leaves aside.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings

    def driving_layers(self) -> list[nn.Module]:
        """Layers that, one after the other, drive: planes, float32 (B, 3, H, W) of grey levels 0 to 255, to logits.

        The logits (B, curvature_bins + speed_bins) are those of curvature beside those of speed. Asked of a copy in
        evaluation mode, which the layers may share and change. Layers apart run faster than the whole network, whose
        images go through it alone where it gives other last bits to several at once.
        """
        return [_Whole(self)]


class _Whole(nn.Module):
    """A network as one layer that drives."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, planes: Tensor) -> Tensor:
        """Logits as `Network.driving_layers` has them."""
        answers = self.network(planes.permute(0, 2, 3, 1).to(torch.uint8))
        return torch.cat([answers.curvature, answers.speed], 1)


def build_network(settings: NetworkSettings) -> Network:
    """The network of the settings, in training mode, weights in channels_last layout.

    Raises
    ------
    InputError
        Another package's network cannot be built of these settings, or answers in other shapes than they say.
    """
    build: Callable[[NetworkSettings], Network] = NETWORKS[settings.name]
    if not NETWORKS.origin(settings.name):
        return _laid_out(build(settings))
    try:
        network = _laid_out(build(settings))
        with torch.no_grad():
            answers = network.eval()(torch.zeros(1, settings.height, settings.width, 3, dtype=torch.uint8))
        wrong = _wrong(network.train(), answers)
    except Exception as error:  # noqa: BLE001 - another package's module may raise whatever it likes
        wrong = f"{type(error).__name__}: {error}"
    if wrong:
        mend = f"mend {NETWORKS.origin(settings.name)}, or change the settings of the network"
        raise InputError(f"network {settings.name}", "", wrong, mend)
    return network


def _laid_out(network: Network) -> Network:
    laid_out: Network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return laid_out


def _wrong(network: Network, answers: object) -> str:
    """What is wrong with a network's answers to one image, as a clause; empty for nothing."""
    if not isinstance(network, Network):
        return f"is a {type(network).__name__}, not a Network"
    settings = network.settings
    if not isinstance(answers, Answers):
        return f"answers {type(answers).__name__}, not Answers"
    shapes = {
        "curvature": (1, settings.curvature_bins),
        "speed": (1, settings.speed_bins),
        "future": (1, settings.future, settings.curvature_bins),
        "seen": (1, SEEN_CLASSES, len(settings.columns[0])),
    }
    for name, shape in shapes.items():
        answer = getattr(answers, name)
        if answer is None and name in Answers._field_defaults:
            continue
        found = tuple(answer.shape)
        if found != shape:
            return f"answers {name} of shape {found} to one image, not {shape}"
    return ""


@inner_scalar
def _value_at(centres, place):
    """Value at a place counted in bins, between their centres."""
    low = min(max(int(place), 0), centres.shape[0] - 1)
    high = min(low + 1, centres.shape[0] - 1)
    return centres[low] + (centres[high] - centres[low]) * (place - low)


@kernel(grain=128)
def decode_row(b, out, logits, centres, reach):
    """What world ``b``'s logits (B, bins) say, see `decode`."""
    bins = centres[0].shape[0]
    highest = logits[0][b, 0]
    for k in range(1, bins):
        highest = max(highest, logits[0][b, k])
    most = -1.0
    for middle in range(bins):
        share, sum_of_places = 0.0, 0.0
        for k in range(max(middle - reach, 0), min(middle + reach, bins - 1) + 1):
            weight = math.exp(float(logits[0][b, k] - highest))
            share += weight
            sum_of_places += weight * k
        if share > most:
            most = share
            out[0][b] = _value_at(centres[0], sum_of_places / share)


@kernel(grain=384)
def decode_quantile_row(b, out, logits, centres, share):
    """What world ``b``'s logits (B, bins) say, see `decode_quantile`."""
    bins = centres[0].shape[0]
    highest, total = logits[0][b, 0], 0.0
    for k in range(1, bins):
        highest = max(highest, logits[0][b, k])
    for k in range(bins):
        total += math.exp(float(logits[0][b, k] - highest))
    below, place = 0.0, -1.0
    for k in range(bins):
        weight = math.exp(float(logits[0][b, k] - highest)) / total
        if place < 0.0 and below + weight >= share:
            place = max(k - 0.5 + (share - below) / weight, 0.0)
        below += weight
    # Rounding may leave the whole a little below 1.
    out[0][b] = _value_at(centres[0], bins - 1.0 if place < 0.0 else min(place, bins - 1.0))


def decode(
    logits: NDArray[np.float32], centres: NDArray[np.float32], reach: int = CURVATURE_REACH
) -> NDArray[np.float32]:
    """Values (B) from distributions over bins (B, bins): the mean within the most likely *window* of bins.

    A window reaches ``reach`` bins to each side of its middle. A mean over all bins would average "left" and "right"
    into the obstacle; the most likely single bin would jump. The mean is one of places among the bins, as the labels
    are spread out (`soft_bins`): of values, whose bins widen outwards, it would make every bend tighter. A row's value
    never depends on the other rows, not in its last bit.
    """
    out = np.zeros(len(logits), np.float32)
    decode_row("cpu", len(logits), (out,), (np.ascontiguousarray(logits, np.float32),), (centres,), reach)
    return out


def decode_quantile(logits: NDArray[np.float32], centres: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Values (B) below which ``share`` of the distributions over bins (B, bins) lies; rows are independent as above.

    Below one half it is the answer of somebody to whom too much costs more than too little (pinball loss, Koenker &
    Bassett 1978): a doubt is enough to slow down.
    """
    out = np.zeros(len(logits), np.float32)
    decode_quantile_row("cpu", len(logits), (out,), (np.ascontiguousarray(logits, np.float32),), (centres,), share)
    return out
