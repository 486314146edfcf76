"""What a network is: its answers, its driving layers, and how one is built by its name.

This package's networks are in `pilotnet` and `temporal`.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from drive_sim.base.errors import InputError
from drive_sim.base.references import Origin, raise_error_of_user_code
from drive_sim.drivers.neural.registry import find_network, is_ours, package_of
from drive_sim.drivers.neural.settings import SEEN_CLASSES, NetworkSettings

T = TypeVar("T")
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "elu": nn.ELU,
    "leaky_relu": nn.LeakyReLU,
    "silu": nn.SiLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}
LARGEST = 127.5
"""Grey levels lie this far from their middle, and no further: half-precision numbers hold each difference exactly."""

HELD = 6
"""How many times a network that carries a state sees the oldest moment of a sequence before the later ones. At the
wheel its state comes of a long past; one that has settled is nearer to that than one after two moments."""


class Answers(NamedTuple):
    """What a network makes of B images: logits of distributions, or of a single bin the value itself in its units."""

    curvature: Tensor
    """(B, curvature_bins)"""
    speed: Tensor
    """(B, speed_bins)"""
    future: Tensor | None = None
    """(B, future, curvature_bins); None where a network has no such head."""
    seen: Tensor | None = None
    """(B, SEEN_CLASSES, columns of the last convolution); None where a network has no such head."""
    slowest: Tensor | None = None
    """(B, speed_bins) lowest speed of the next two seconds; None where a network has no such head."""


_DRAWING = threading.local()
"""The generator of each thread, as attribute ``generator``."""


class SeededDropout(nn.Dropout):
    """Dropout that draws what it leaves out from the generator of its thread, where it has one (`drawing_from`)."""

    def forward(self, features: Tensor) -> Tensor:
        """See `torch.nn.Dropout`."""
        generator = getattr(_DRAWING, "generator", None)
        if generator is None or not self.training or self.p == 0.0:
            return super().forward(features)
        kept = torch.empty_like(features).bernoulli_(1.0 - self.p, generator=generator)
        return features * kept.div_(1.0 - self.p)


@contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Let `SeededDropout` draw from a generator while this thread is in the block."""
    _DRAWING.generator = generator
    try:
        yield
    finally:
        _DRAWING.generator = None


class Network(nn.Module):
    """What a network is to its trainer and its driver.

    ``forward(images)`` takes uint8 (B, H, W, 3) RGB, as the camera gives them, to `Answers`. What it answers to an
    image must not depend on the others of the batch when it drives (`nn.Module.eval`). Several cameras' images are one
    `mosaic`, and so are ``settings.frames`` moments, the present one on top.

    One that carries a state (``settings.state_size``, or a property ``state_size`` of its own) drives by one moment at
    a time: its `driving_layers` end with what it has seen, and its `carrying_layer` goes on from there.

    Parameters
    ----------
    settings
        Sizes that it is built from; what it has no use for, it leaves aside.
    """

    origin: Origin | None = None
    """Where a network of the user's own comes from; None for this package's and other packages'."""

    learns_in_parts: ClassVar[bool] = False
    """Whether threads may learn from parts of a batch side by side: when what it answers to an image depends on no
    other of the batch in training either (no batch norm), and all that it draws, it draws by `SeededDropout`."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings

    @property
    def state_size(self) -> int:
        """Numbers that it carries from one moment to the next when it drives; 0: it carries none."""
        return self.settings.state_size

    def carrying_layer(self) -> nn.Module:
        """For a network that carries a state: features (B, n) and state (B, `state_size`) to logits and state.

        Asked of a copy in evaluation mode, as `driving_layers`, of whose last layer the features are.
        """
        raise NotImplementedError

    def convolution_stacks(self) -> list[nn.Sequential]:
        """For each camera, its convolutions and their activations in turn, which `attention` looks into.

        Empty for a network that has no such thing.
        """
        return []

    def driving_layers(self) -> list[nn.Module]:
        """Layers that, one after the other, drive: planes, float32 (B, 3, H, W) of grey levels 0 to 255, to logits.

        Of a network that carries a state, planes of one moment to features (B, n). The logits
        (B, curvature_bins + speed_bins) are those of curvature beside those of speed. Asked of a copy in evaluation
        mode, which the layers may share and change. Layers apart run faster than the whole network, whose images go
        through it alone where it gives other last bits to several at once.
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


def camera_planes(planes: Tensor, settings: NetworkSettings) -> list[Tensor]:
    """The planes (B, planes_seen, rows, columns) of each camera out of those of the mosaic (B, 3, H, W).

    Those of a `stack` of moments are one behind the other, the present ones first.
    """
    sizes, moments = settings.images, settings.planes_seen // 3
    if len(sizes) == moments == 1:
        return [planes]
    height = settings.moment_size[0]
    tops = itertools.accumulate((rows for rows, _ in sizes), initial=0)
    return [
        beside([planes[:, :, now + top : now + top + rows, :columns] for now in range(0, moments * height, height)], 1)
        for top, (rows, columns) in zip(tops, sizes, strict=False)
    ]


def beside(parts: Sequence[Tensor], axis: int) -> Tensor:
    """The parts beside each other; a single one as it is, whose gradient then has the layout that it always had."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), axis)


def held(moments: Sequence[T]) -> list[T]:
    """Moments, the present one first, in the order in which a network that carries a state sees them: `HELD`."""
    return [moments[-1]] * (HELD - 1) + list(reversed(moments))


def build_network(settings: NetworkSettings) -> Network:
    """The network of the settings, in training mode, weights in channels_last layout.

    Raises
    ------
    InputError
        Another package's or the user's own network cannot be built of these settings, or answers in other shapes than
        they say.
    """
    build, origin = find_network(settings.name, f"network {settings.name}")
    if is_ours(settings.name):
        return _laid_out(build(settings))
    if origin is not None and not (isinstance(build, type) and issubclass(build, Network)):
        # Nothing else is called: a model's config.json may name whatever is installed.
        problem = "is not a subclass of drive_sim.drivers.neural.networks.Network"
        raise InputError(f"network {settings.name}", "", problem, "name a class that is one")
    try:
        network = build(settings)
        wrong = _wrong(_laid_out(network)) if isinstance(network, Network) else _no_network(network)
    except Exception as error:  # noqa: BLE001 - another package's module may raise whatever it likes
        if origin is not None:
            raise_error_of_user_code(error, settings.name, f"network {settings.name}")
        wrong = f"{type(error).__name__}: {error}"
    if wrong:
        whose = package_of(settings.name) or "the class"
        hint = f"mend {whose}, or change the settings of the network"
        raise InputError(f"network {settings.name}", "", wrong, hint)
    network.origin = origin
    return network


def _laid_out(network: Network) -> Network:
    laid_out: Network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return laid_out


def _no_network(thing: object) -> str:
    return f"is a {type(thing).__name__}, not a Network of drive_sim.drivers.neural.networks"


def _wrong(network: Network) -> str:
    """What is wrong with a network's answers to one image, as a clause; empty for nothing."""
    settings = network.settings
    with torch.no_grad():
        answers = network.eval()(torch.zeros(1, *settings.image_size, 3, dtype=torch.uint8))
    network.train()
    if not isinstance(answers, Answers):
        return f"answers {type(answers).__name__}, not Answers"
    shapes = {
        "curvature": (1, settings.curvature_bins),
        "speed": (1, settings.speed_bins),
        "future": (1, settings.future, settings.curvature_bins),
        "seen": (1, SEEN_CLASSES, settings.column_count),
        "slowest": (1, settings.speed_bins),
    }
    for name, shape in shapes.items():
        answer = getattr(answers, name)
        if answer is None:
            if name in Answers._field_defaults:
                continue
            return f"answers no {name}"
        found = tuple(answer.shape)
        if found != shape:
            return f"answers {name} of shape {found} to one image, not {shape}"
    return ""
