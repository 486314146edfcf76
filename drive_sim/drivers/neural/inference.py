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
from drive_sim.drivers.neural.networks import Network, held

ROWS = 4
"""Images that a layer takes at once: of eight each is hardly faster, and one alone waits for all of them."""
FEW = 1024
"""A layer that gives fewer numbers is tried with more rows ..."""
IMAGES_TRIED, VECTORS_TRIED = 16, 64
"""... of images or of vectors; multiples of `ROWS`."""
Logits = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Of curvature (B, curvature_bins) and of speed (B, speed_bins)."""


class DrivingNetwork:
    """``answer(images)`` of a network on one device; the network given is left as it is.

    One that carries a state answers by `carry`, one moment at a time.
    """

    def __init__(self, network: Network, device: str) -> None:
        self.device, self._bins = device, network.settings.curvature_bins
        self.state_size, self._settings = network.state_size, network.settings
        copied = copy.deepcopy(network).eval()
        layers = copied.driving_layers()
        self._layers = nn.Sequential(*layers).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._carrying = copied.carrying_layer().to(device) if self.state_size else None
        if device == "cpu":
            settings = network.settings
            shape = (ROWS, *(settings.moment_size if self.state_size else settings.image_size), 3)
            trial = torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
            with _torch_threads_left_alone():
                alone, fours = loop_threads().submit(_batch_invariant, self._layers, trial).result()
            self._front, self._back, self._tail = self._layers[:alone], self._layers[alone:fours], self._layers[fours:]

    def answer(self, images: NDArray[np.uint8]) -> Logits:
        """Logits of curvature (B, curvature_bins) and of speed (B, speed_bins) for images (B, H, W, 3).

        On a CPU, each image's are the same to the bit whatever else is in the batch. One that carries a state sees the
        moments of the mosaics as it does in training.
        """
        if not self.state_size:
            return self._split(self._through(images))
        size = self._settings.moment_size[0]
        moments = [self._through(images[:, top : top + size]) for top in range(0, images.shape[1], size)]
        state = np.zeros((len(images), self.state_size), np.float32)
        for moment in held(moments):
            logits, state = self._carried(moment, state)
        return self._split(logits)

    def carry(self, images: NDArray[np.uint8], state: NDArray[np.float32]) -> tuple[Logits, NDArray[np.float32]]:
        """What `answer` gives to one moment's images (B, H, W, 3) and the state (B, S) carried to it; the next state.

        On a CPU, each row's are the same to the bit whatever else is in the batch.
        """
        logits, state = self._carried(self._through(images), state)
        return self._split(logits), state

    def settled(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The state (B, S) that is carried to moments (B, H, W, 3) before which nothing else was ever seen."""
        features, state = self._through(images), np.zeros((len(images), self.state_size), np.float32)
        for moment in held([features] * self._settings.frames)[1:]:
            state = self._carried(moment, state)[1]
        return state

    def _split(self, logits: NDArray[np.float32]) -> Logits:
        return logits[:, : self._bins], logits[:, self._bins :]

    def _through(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the driving layers give to images."""
        # A part of each image lies in memory of others.
        batch = torch.from_numpy(np.ascontiguousarray(images))
        if self.device != "cpu":
            return np.asarray(self.logits(batch.to(self.device)).cpu().numpy())
        with _torch_threads_left_alone():
            return np.concatenate(list(loop_threads().map(self._answer_few, batch.split(ROWS))))

    def _carried(
        self, features: NDArray[np.float32], state: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits and the next state; on a CPU, each row alone."""
        rows = [torch.from_numpy(each) for each in (features, state)]
        if self.device != "cpu":
            found = self._carry_rows(*(each.to(self.device) for each in rows))
        else:
            alone = [each.split(1) for each in rows]
            with _torch_threads_left_alone():
                parts = list(loop_threads().map(self._carry_row, *alone))
            found = tuple(torch.cat(each) for each in zip(*parts, strict=True))
        return found[0].cpu().numpy(), found[1].cpu().numpy()

    def _carry_row(self, features: Tensor, state: Tensor) -> tuple[Tensor, ...]:
        _use_one_thread()
        # In memory of its own, as in `_answer_few`.
        return self._carry_rows(features.clone(), state.clone())

    def _carry_rows(self, features: Tensor, state: Tensor) -> tuple[Tensor, ...]:
        assert self._carrying is not None
        with torch.inference_mode():
            found: tuple[Tensor, ...] = self._carrying(features, state)
        return found

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
