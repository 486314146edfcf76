"""Networks that drive from one camera image: PilotNet's shape with distributional heads.

Bojarski et al. 2016, "End to End Learning for Self-Driving Cars": five convolutions and three dense layers on a
66 x 200 image normalised inside the network. What differs, and why: channel counts are multiples of 8 (GPU tensor
cores), convolutions are of standardised weights, which learn in half the time that a batch norm after each takes and
make plain convolutions for driving, and the outputs are distributions over bins instead of numbers, because an obstacle
has two sides and a mean of "left" and "right" is a collision.

Outputs: curvature to drive now [1/m, positive left], target speed [m/s], and two that only training asks for: the
curvature half a second to 1.5 s ahead, and who is seen in each column of the last convolution, how far away. A
pedestrian 20 m ahead is four pixels wide and one view in thirty; a label of its own in the column where it stands
teaches the convolutions to notice it, which the driver's braking alone hardly does (what it is worth: docs/learning.md;
privileged side tasks: Xu, Gao, Yu & Darrell 2017, "End-to-end learning of driving models from large-scale video
datasets").
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from drive_sim.base.errors import InputError
from drive_sim.compute.kernel import inner_scalar, kernel

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
LARGEST = 127.5
"""Grey levels lie this far from their middle, and no further: half-precision numbers hold each difference exactly."""
_RELU_GAIN = math.sqrt(2.0 / (1.0 - 1.0 / math.pi))
"""Of a filter: the standard deviation of max(z, 0), for z normal with variance 1, is its reciprocal."""
CURVATURE_REACH, SPEED_REACH = 3, 1
"""How many bins on each side of the middle of a window that `decode` takes a mean over."""


class Answers(NamedTuple):
    """What a network makes of B images: logits."""

    curvature: Tensor
    """(B, curvature_bins)"""
    speed: Tensor
    """(B, speed_bins)"""
    future: Tensor
    """(B, future, curvature_bins)"""
    seen: Tensor
    """(B, SEEN_CLASSES, columns of the last convolution)"""


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
        if self.name != "pilotnet":
            raise InputError(source, "network.name", f"{self.name!r} is not a network", "use pilotnet")
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


class StandardisedConvolution(nn.Conv2d):
    """A convolution whose every filter is brought to mean zero and a variance of 1 / fan-in before it is used.

    Behind a ReLU its outputs then begin with variance 1, whatever the batch, without a batch norm: scaled weight
    standardisation, Brock, De & Smith 2021, "Characterizing signal propagation to close the performance gap in
    unnormalized ResNets", eq. 3. Each filter has a gain of its own to learn.
    """

    def __init__(self, before: int, channels: int, size: int, stride: int) -> None:
        super().__init__(before, channels, size, stride)
        self.gain = nn.Parameter(torch.full((channels, 1, 1, 1), _RELU_GAIN))
        nn.init.zeros_(self.bias)  # type: ignore[arg-type]

    def filters(self) -> Tensor:
        """The weights that it convolves with, shaped as ``weight``."""
        variance, mean = torch.var_mean(self.weight, (1, 2, 3), correction=0, keepdim=True)
        fan_in = self.weight[0].numel()
        return (self.weight - mean) * (torch.rsqrt(variance * fan_in + 1e-4) * self.gain)

    def forward(self, planes: Tensor) -> Tensor:
        """Convolve (B, before, H, W)."""
        return self._conv_forward(planes, self.filters(), self.bias)

    def plain(self) -> nn.Conv2d:
        """The same function as a convolution that has nothing to standardise."""
        plain = nn.Conv2d(self.in_channels, self.out_channels, self.kernel_size, self.stride)  # type: ignore[arg-type]
        with torch.no_grad():
            plain.weight.copy_(self.filters())
            plain.bias.copy_(self.bias)  # type: ignore[union-attr, arg-type]
        return plain


class PilotNet(nn.Module):
    """``forward(images)``: uint8 (B, H, W, 3) RGB, as the camera gives them, to `Answers`."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        activation = ACTIVATIONS[settings.activation]
        layers: list[nn.Module] = []
        before = 3
        for channels, size, stride in zip(settings.channels, settings.kernels, settings.strides, strict=True):
            layers += [StandardisedConvolution(before, channels, size, stride), activation()]
            before = channels
        self.convolutions = nn.Sequential(*layers)
        with torch.no_grad():
            flat = self.convolutions.eval()(torch.zeros(1, 3, settings.height, settings.width)).numel()
        self.train()
        dense: list[nn.Module] = []
        before = flat
        for units in settings.dense:
            dense += [nn.Linear(before, units), activation(), nn.Dropout(settings.dropout)]
            before = units
        self.dense = nn.Sequential(*dense)
        self.curvature = nn.Linear(before, settings.curvature_bins)
        self.speed = nn.Linear(before, settings.speed_bins)
        self.future = nn.Linear(before, settings.future * settings.curvature_bins)
        self.seen = nn.Conv2d(settings.channels[-1], SEEN_CLASSES, 1)

    def forward(self, images: Tensor) -> Answers:
        """See the class."""
        # (B, H, W, 3) in memory is exactly PyTorch's channels_last layout of (B, 3, H, W): no copy but the scaling.
        kind = images.device.type
        number = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else torch.float32
        planes = images.permute(0, 3, 1, 2).to(number).sub_(LARGEST).div_(LARGEST)
        local = self.convolutions(planes)
        features = self.dense(local.flatten(1))
        future = self.future(features).view(-1, self.settings.future, self.settings.curvature_bins)
        return Answers(self.curvature(features), self.speed(features), future, self.seen(local).amax(2))


def build_network(settings: NetworkSettings) -> PilotNet:
    """The network of the settings, in training mode, weights in channels_last layout."""
    network: PilotNet = PilotNet(settings).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


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
