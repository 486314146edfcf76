"""Networks that look at several moments: `Stack` at their images at once, `Recurrent` at one after the other.

Both are given ``settings.frames`` moments, ``settings.frame_interval`` apart: what moves, and how fast, is in no single
image. Both are `PilotNet` in all else.

What has been driven before is told by such images too, and a network may learn to go on as before instead of looking
where to go ("copycat": Wen et al. 2020, "Fighting copycat agents in behavioral cloning from observation histories").
What they are worth in the loop has not been measured yet.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from drive_sim.drivers.neural.networks import LARGEST, Answers, held
from drive_sim.drivers.neural.pilotnet import PilotNet
from drive_sim.drivers.neural.settings import NetworkSettings


class Stack(PilotNet):
    """`PilotNet` whose first convolution takes the images of all moments, one behind the other in its planes."""


class GatedUnit(nn.Module):
    """A gated recurrent unit: features (B, n) and state (B, n) to the next state.

    With r, u, c from what is seen and what is carried, the next state is (1 - u) c + u h (Cho et al. 2014, "Learning
    phrase representations using RNN encoder-decoder"; the reset gate r acts behind its matrix, as cuDNN has it).
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.seen, self.carried = nn.Linear(size, 3 * size), nn.Linear(size, 3 * size)

    def forward(self, features: Tensor, state: Tensor) -> Tensor:
        """See the class."""
        seen, carried = self.seen(features).chunk(3, 1), self.carried(state).chunk(3, 1)
        reset, update = torch.sigmoid(seen[0] + carried[0]), torch.sigmoid(seen[1] + carried[1])
        candidate = torch.tanh(seen[2] + reset * carried[2])
        return (1.0 - update) * candidate + update * state


class Recurrent(PilotNet):
    """`PilotNet` whose heads also see the state of a gated unit, which its last dense layer feeds.

    It learns from sequences of ``settings.frames`` moments (truncated) that begin with an empty state and the oldest
    moment `held`, and drives with the state of one interval ago.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        self.memory = GatedUnit(settings.state_size)

    def forward(self, images: Tensor) -> Answers:
        """See `Network`."""
        kind = images.device.type
        number = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else torch.float32
        # The moments of all images below each other in the batch, all present ones first.
        moments = torch.cat(images.split(self.settings.moment_size[0], 1))
        planes = moments.permute(0, 3, 1, 2).to(number).sub_(LARGEST).div_(LARGEST)
        local, count = self._local(planes), len(images)
        features = self._features(local).split(count)
        state = torch.zeros_like(features[0])
        for moment in held(features):
            state = self.memory(moment, state)
        return self._answers(torch.cat([features[0], state], 1), [each[:count] for each in local])

    def driving_layers(self) -> list[nn.Module]:
        """See `Network`."""
        return self._fast([*self._seeing(), nn.Flatten(), *self.dense])

    def carrying_layer(self) -> nn.Module:
        """See `Network`."""
        return _Carrying(self.memory, self._heads())


class _Carrying(nn.Module):
    """Features and state to logits and the next state."""

    def __init__(self, memory: GatedUnit, heads: nn.Linear) -> None:
        super().__init__()
        self.memory, self.heads = memory, heads

    def forward(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        state = self.memory(features, state)
        return cast(Tensor, self.heads(torch.cat([features, state], 1))), state
