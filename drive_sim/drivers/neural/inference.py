"""A trained network as it drives: only the heads that drive, and the same answer to the bit in any company.

Libraries add sums up in another order for another batch size. On a CPU images therefore go through every layer either
alone or in fours, always the same four rows: leading convolutions, which take nine tenths of the time, in fours where
this machine's library gives what it gives alone, which is tried when the network is loaded; what follows in fours
filled up with black images, which are cheap there.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from drive_sim.compute.kernel import loop_threads
from drive_sim.drivers.neural.networks import Network

ROWS = 4
"""Images that a layer takes at once: of eight each is hardly faster, and one alone waits for all of them."""


class DrivingNetwork:
    """``answer(images)`` of a network on one device; the network given is left as it is."""

    def __init__(self, network: Network, device: str) -> None:
        self.device, self._bins = device, network.settings.curvature_bins
        layers = copy.deepcopy(network).eval().driving_layers()
        self._layers = nn.Sequential(*layers).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if device == "cpu":
            settings = network.settings
            shape = (ROWS, settings.height, settings.width, 3)
            trial = torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
            with _torch_threads_left_alone():
                leading = loop_threads().submit(_alike_in_any_company, self._layers, trial).result()
            self._front, self._back = self._layers[:leading], self._layers[leading:]

    def answer(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits of curvature (B, curvature_bins) and of speed (B, speed_bins) for images (B, H, W, 3).

        On a CPU, each image's are the same to the bit whatever else is in the batch.
        """
        batch = torch.from_numpy(images)
        if self.device == "cpu":
            with _torch_threads_left_alone():
                logits = np.concatenate(list(loop_threads().map(self._answer_few, batch.split(ROWS))))
        else:
            logits = self.logits(batch.to(self.device)).cpu().numpy()
        return logits[:, : self._bins], logits[:, self._bins :]

    def logits(self, images: Tensor) -> Tensor:
        """Logits of curvature beside those of speed for images on the network's device, where they stay."""
        with torch.inference_mode():
            logits: Tensor = self._layers(_planes(images))
        return logits

    def _answer_few(self, images: Tensor) -> NDArray[np.float32]:
        """Logits of up to `ROWS` images, computed by one thread."""
        count = len(images)
        _use_one_thread()
        with torch.inference_mode():
            planes = _planes(images)
            seen = self._front(planes) if count == ROWS else torch.cat([self._front(one) for one in planes.split(1)])
            if count < ROWS:
                seen = torch.cat([seen, seen.new_zeros((ROWS - count, *seen.shape[1:]))])
            logits: NDArray[np.float32] = self._back(seen)[:count].numpy()
            return logits


def _use_one_thread() -> None:
    """Compute in the calling thread alone, which is one of `loop_threads`.

    Images are shared out among threads; a layer that did so too would add its sums up in another order.
    """
    torch.set_num_threads(1)


@contextmanager
def _torch_threads_left_alone() -> Iterator[None]:
    """Give torch the number of threads back that it had: what one thread sets holds for every new one."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _planes(images: Tensor) -> Tensor:
    """Images (B, H, W, 3) as float32 (B, 3, H, W); in memory that is PyTorch's channels_last layout already."""
    return images.permute(0, 3, 1, 2).float()


def _alike_in_any_company(layers: nn.Sequential, images: Tensor) -> int:
    """How many leading layers give each of the four ``images`` alone, to the bit, what they give it among the four.

    Images differ in every pixel, so that sums added up in another order show in thousands of places.
    """
    _use_one_thread()
    with torch.inference_mode():
        planes = _planes(images)
        for number, layer in enumerate(layers):
            alone = torch.cat([layer(one.clone()) for one in planes.split(1)])
            planes = layer(planes)
            if not torch.equal(alone, planes):
                return number
    return len(layers)
