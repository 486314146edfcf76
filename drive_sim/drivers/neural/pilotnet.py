"""A network that drives from one moment's images: PilotNet's shape with distributional heads.

Bojarski et al. 2016, "End to End Learning for Self-Driving Cars": five convolutions and three dense layers on a
66 x 200 image normalised inside the network. What differs, and why: channel counts are multiples of 8 (GPU tensor
cores), convolutions are of standardised weights, which learn in half the time that a batch norm after each takes and
make plain convolutions for driving, and the outputs are distributions over bins instead of numbers, because an obstacle
has two sides and a mean of "left" and "right" is a collision.

Several cameras: each image has convolutions of its own, and the dense layers take what all of them give.

Outputs: curvature to drive now [1/m, positive left], target speed [m/s], and up to three that only training asks for:
the curvature half a second to 1.5 s ahead, the lowest speed of the next two seconds (`NetworkSettings.slowest`), and
who is seen in each column of the last convolution, how far away. A pedestrian 20 m ahead is four pixels wide and one
view in thirty; a label of its own in the column where it stands teaches the convolutions to notice it, which the
driver's braking alone hardly does (what it is worth: docs/learning.md; privileged side tasks: Xu, Gao, Yu & Darrell
2017, "End-to-end learning of driving models from large-scale video datasets").

Each of these departures is a key of `NetworkSettings`; the recipe `paper` takes them back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from drive_sim.drivers.neural.networks import (
    ACTIVATIONS,
    LARGEST,
    Answers,
    Network,
    SeededDropout,
    beside,
    camera_planes,
)
from drive_sim.drivers.neural.settings import SEEN_CLASSES, NetworkSettings

_RELU_GAIN = math.sqrt(2.0 / (1.0 - 1.0 / math.pi))
"""Of a filter: the standard deviation of max(z, 0), for z normal with variance 1, is its reciprocal."""


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
        # Without first weights of its own: those would be drawn from the caller's random numbers.
        plain = skip_init(nn.Conv2d, self.in_channels, self.out_channels, self.kernel_size, self.stride)
        assert isinstance(plain, nn.Conv2d)
        with torch.no_grad():
            plain.weight.copy_(self.filters())
            plain.bias.copy_(self.bias)  # type: ignore[union-attr, arg-type]
        return plain


class _PlainConvolution(nn.Conv2d):
    """A convolution whose weights begin after He et al. 2015, for the ReLU behind it."""

    def __init__(self, before: int, channels: int, size: int, stride: int) -> None:
        super().__init__(before, channels, size, stride)
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        nn.init.zeros_(self.bias)  # type: ignore[arg-type]


def _convolutions(settings: NetworkSettings) -> nn.Sequential:
    """The convolutions of one camera's image, each with its activation."""
    layers: list[nn.Module] = []
    kind = StandardisedConvolution if settings.standardised else _PlainConvolution
    before = settings.planes_seen
    for channels, size, stride in zip(settings.channels, settings.kernels, settings.strides, strict=True):
        layers += [kind(before, channels, size, stride), ACTIVATIONS[settings.activation]()]
        before = channels
    return nn.Sequential(*layers)


class _FurtherCamera(nn.Module):
    """What a camera beside the first has of its own: convolutions, and the head of who is seen."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.convolutions = _convolutions(settings)
        self.seen = nn.Conv2d(settings.channels[-1], SEEN_CLASSES, 1) if settings.seen else None


class PilotNet(Network):
    """PilotNet's shape with distributional heads; see the module."""

    learns_in_parts = True

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        activation = ACTIVATIONS[settings.activation]
        self.convolutions = _convolutions(settings)
        dense: list[nn.Module] = []
        before = settings.features
        for units in settings.dense:
            dense += [nn.Linear(before, units), activation(), SeededDropout(settings.dropout)]
            before = units
        self.dense = nn.Sequential(*dense)
        before += settings.state_size
        self.curvature = nn.Linear(before, settings.curvature_bins)
        self.speed = nn.Linear(before, settings.speed_bins)
        self.future = nn.Linear(before, settings.future * settings.curvature_bins) if settings.future else None
        self.seen = nn.Conv2d(settings.channels[-1], SEEN_CLASSES, 1) if settings.seen else None
        self.slowest = nn.Linear(before, settings.speed_bins) if settings.slowest else None
        self.further = nn.ModuleList(_FurtherCamera(settings) for _ in settings.more_images)

    def forward(self, images: Tensor) -> Answers:
        """See the class."""
        # (B, H, W, 3) in memory is exactly PyTorch's channels_last layout of (B, 3, H, W): no copy but the scaling.
        kind = images.device.type
        number = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else torch.float32
        planes = images.permute(0, 3, 1, 2).to(number).sub_(LARGEST).div_(LARGEST)
        local = self._local(planes)
        return self._answers(self._features(local), local)

    def _local(self, planes: Tensor) -> list[Tensor]:
        """What each camera's convolutions make of planes (B, 3, H, W) from -1 to 1."""
        first, *others = camera_planes(planes, self.settings)
        local = [self.convolutions(first)]
        for camera, image in zip(self.further, others, strict=True):
            assert isinstance(camera, _FurtherCamera)
            local.append(camera.convolutions(image))
        return local

    def _features(self, local: Sequence[Tensor]) -> Tensor:
        """What the dense layers make of it."""
        features: Tensor = self.dense(beside([each.flatten(1) for each in local], 1))
        return features

    def _answers(self, features: Tensor, local: Sequence[Tensor]) -> Answers:
        """What the heads make of both."""
        # Gradients are added up in the order of these lines, and so are the last bits of a training run.
        later = columns = None
        if self.future is not None:
            later = self.future(features).view(-1, self.settings.future, self.settings.curvature_bins)
        if self.settings.seen:
            further = [camera.seen for camera in self.further if isinstance(camera, _FurtherCamera)]
            heads = zip([self.seen, *further], local, strict=True)
            columns = beside([head(each).amax(2) for head, each in heads if head is not None], 2)
        slowest = self.slowest(features) if self.slowest is not None else None
        return Answers(self.curvature(features), self.speed(features), later, columns, slowest)

    def convolution_stacks(self) -> list[nn.Sequential]:
        """See `Network`."""
        further = [camera.convolutions for camera in self.further if isinstance(camera, _FurtherCamera)]
        return [self.convolutions, *further]

    def driving_layers(self) -> list[nn.Module]:
        """See `Network`: plain convolutions that take grey levels, and the two heads that drive as one layer."""
        return self._fast([*self._seeing(), nn.Flatten(), *self.dense, self._heads()])

    def _heads(self) -> nn.Linear:
        """The two heads that drive."""
        return _joined(self.curvature, self.speed)

    def _seeing(self) -> list[nn.Module]:
        """Plain convolutions of all cameras, which take grey levels."""
        seeing = _seeing(self.convolutions)
        if self.further:
            others = [_seeing(camera.convolutions) for camera in self.further]  # type: ignore[arg-type]
            return [_Cameras([nn.Sequential(*layers) for layers in (seeing, *others)], self.settings)]
        return seeing if self.settings.planes_seen == 3 else [_OneCamera(self.settings), *seeing]

    @staticmethod
    def _fast(layers: Sequence[nn.Module]) -> list[nn.Module]:
        """The layers without what only training asks for, their activations in place."""
        layers = [layer for layer in layers if not isinstance(layer, nn.Dropout)]
        modules: list[Any] = list(nn.Sequential(*layers).modules())
        for module in modules:
            if hasattr(module, "inplace"):
                module.inplace = True
        return layers


class _Cameras(nn.Module):
    """The convolutions of several cameras as one layer: a mosaic to the features (B, n) of all of them."""

    def __init__(self, convolutions: Sequence[nn.Module], settings: NetworkSettings) -> None:
        super().__init__()
        self.convolutions, self.settings = nn.ModuleList(convolutions), settings

    def forward(self, planes: Tensor) -> Tensor:
        """See the class."""
        parts = zip(self.convolutions, camera_planes(planes, self.settings), strict=True)
        return torch.cat([seeing(image).flatten(1) for seeing, image in parts], 1)


class _OneCamera(nn.Module):
    """The mosaic of a single camera's moments to the planes that its convolutions take, as a layer."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings

    def forward(self, planes: Tensor) -> Tensor:
        """See the class."""
        return camera_planes(planes, self.settings)[0]


def _seeing(convolutions: nn.Sequential) -> list[nn.Module]:
    """Plain convolutions, which take grey levels, and their activations."""
    layers = [layer.plain() if isinstance(layer, StandardisedConvolution) else layer for layer in convolutions]
    _take_grey_levels(layers[0])
    return layers


def _joined(first: nn.Linear, second: nn.Linear) -> nn.Linear:
    """Both layers as one, the outputs of ``first`` before those of ``second``."""
    joined = skip_init(nn.Linear, first.in_features, first.out_features + second.out_features)
    assert isinstance(joined, nn.Linear)
    with torch.no_grad():
        joined.weight.copy_(torch.cat([first.weight, second.weight]))
        joined.bias.copy_(torch.cat([first.bias, second.bias]))
    return joined


def _take_grey_levels(convolution: nn.Module) -> None:
    """Fold the scaling of grey levels to -1..1 into the first convolution, which pads nothing."""
    assert isinstance(convolution, nn.Conv2d)
    assert convolution.bias is not None
    with torch.no_grad():
        convolution.bias -= convolution.weight.sum((1, 2, 3))
        convolution.weight /= LARGEST
