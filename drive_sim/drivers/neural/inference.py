"""A trained network as it drives: only the heads that drive, and the same answer to the bit whatever the batch.

Libraries add sums up in another order for another batch size. On a CPU images therefore go through every layer either
alone or in fours, always the same four rows: leading convolutions, which take nine tenths of the time, in fours where
this machine's library gives what it gives alone; what follows in fours filled up with black images, which are cheap
there, as long as a row's answer is the same in each of the four places; the rest alone. Which layers these are is tried
when the network is loaded.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from drive_sim.compute.kernel import loop_threads
from drive_sim.drivers.neural.networks import Network

ROWS = 4
"""Images that a layer takes at once: of eight each is hardly faster, and one alone waits for all of them."""
FEW = 1024
"""A layer that gives fewer numbers is tried with more rows ..."""
IMAGES_TRIED, VECTORS_TRIED = 16, 64
"""... of images or of vectors; multiples of `ROWS`."""


class DrivingNetwork:
    """``answer(images)`` of a network on one device; the network given is left as it is."""

    def __init__(self, network: Network, device: str) -> None:
        self.device, self._bins = device, network.settings.curvature_bins
        layers = copy.deepcopy(network).eval().driving_layers()
        self._layers = nn.Sequential(*layers).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if device == "cpu":
            settings = network.settings
            shape = (ROWS, *settings.image_size, 3)
            trial = torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
            with _torch_threads_left_alone():
                alone, fours = loop_threads().submit(_batch_invariant, self._layers, trial).result()
            self._front, self._back, self._tail = self._layers[:alone], self._layers[alone:fours], self._layers[fours:]

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
            values = self._back(seen)[:count]
            if self._tail:
                # Each in memory of its own: where a row begins, too, decides the order of a sum.
                values = torch.cat([self._tail(one.clone()) for one in values.split(1)])
            logits: NDArray[np.float32] = values.numpy()
            return logits


def mosaic_of_tensors(images: Sequence[Tensor]) -> Tensor:
    """As `mosaic`, of images (B, rows, columns, 3) on any device."""
    width = max(image.shape[2] for image in images)
    return torch.cat([nn.functional.pad(image, (0, 0, 0, width - image.shape[2])) for image in images], 1)


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


def _batch_invariant(layers: nn.Sequential, images: Tensor) -> tuple[int, int]:
    """How many leading layers give an image alone what they give it among four, and how many in each place of four.

    To the bit, tried with four ``images`` that differ in every pixel, so that sums added up in another order show in
    thousands of places; with more rows behind a layer that gives few numbers.
    """
    _use_one_thread()
    alone = -1
    with torch.inference_mode():
        rows = _planes(images)
        for number, layer in enumerate(layers):
            values = _in_fours(layer, rows)
            if values[0].numel() < FEW and len(rows) == ROWS:
                rows = _more(rows)
                values = _in_fours(layer, rows)
            if alone < 0 and not torch.equal(values, torch.cat([layer(row.clone()) for row in rows.split(1)])):
                alone = number
            if alone >= 0 and not torch.equal(values, torch.cat([_first_of_four(layer, row) for row in rows.split(1)])):
                return alone, number
            rows = values
    return (len(layers) if alone < 0 else alone), len(layers)


def _more(rows: Tensor) -> Tensor:
    """Rows like the four given, all of them different."""
    count = VECTORS_TRIED if rows.dim() == 2 else IMAGES_TRIED
    factors = np.random.default_rng(0).uniform(0.5, 1.0, (count, *rows.shape[1:])).astype(np.float32)
    return rows.repeat(count // ROWS, *[1] * (rows.dim() - 1)) * torch.from_numpy(factors)


def _in_fours(layer: nn.Module, rows: Tensor) -> Tensor:
    return torch.cat([layer(four.clone()) for four in rows.split(ROWS)])


def _first_of_four(layer: nn.Module, row: Tensor) -> Tensor:
    """What a layer gives a row (1, ...) that is followed by three of zeros."""
    values: Tensor = layer(torch.cat([row, row.new_zeros((ROWS - 1, *row.shape[1:]))]))[:1]
    return values
