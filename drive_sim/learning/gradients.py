"""Gradients of a batch's loss, whose parts threads learn from side by side.

When threads share a layer they wait for each other at its end, in every layer, and spin meanwhile. That costs little on
idle cores and much beside other work (docs/learning.md). Threads that share a batch wait for each other once a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from drive_sim.compute.threads import thread_count
from drive_sim.drivers.neural.networks import drawing_from

Losses = dict[str, Tensor]
"""By name; ``loss`` is the one that is learnt from. Each is a mean over views."""


class BatchGradients:
    """Fills the ``grad`` of a network's parameters; `batch_gradients` makes one.

    Parameters
    ----------
    seeds
        Of what each part of a batch draws at random.
    """

    def __init__(self, network: nn.Module, threads: ThreadPoolExecutor, seeds: Sequence[int]) -> None:
        self._parameters = list(network.parameters())
        self._threads = threads
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def fill(self, rows: NDArray[np.integer[Any]], losses: Callable[[Any], Losses]) -> dict[str, float]:
        """Fill the gradients of the losses of ``rows`` (n), and return those losses; ``losses`` gives a part's."""
        pieces = [piece for piece in np.array_split(rows, len(self._generators)) if len(piece)]

        def learn(piece: Any, generator: torch.Generator) -> tuple[dict[str, float], Sequence[Tensor | None]]:
            share = len(piece) / len(rows)
            with drawing_from(generator):
                found = losses(piece)
            gradients = torch.autograd.grad(share * found["loss"], self._parameters, allow_unused=True)
            return {name: share * float(loss.detach()) for name, loss in found.items()}, gradients

        learnt = list(self._threads.map(learn, pieces, self._generators[: len(pieces)]))
        for parameter, *parts in zip(self._parameters, *(gradients for _, gradients in learnt), strict=True):
            parameter.grad = _total([part for part in parts if part is not None], parameter)
        return {name: sum(told[name] for told, _ in learnt) for name in learnt[0][0]}


def _total(parts: Sequence[Tensor], parameter: nn.Parameter) -> Tensor | None:
    """The sum of the gradients, in their order, whichever was done first, so that it is the same to the bit."""
    if not parts:
        return None
    # A fused optimiser goes through the memory of both, so the gradient has the layout of its parameter.
    total = torch.empty_like(parameter).copy_(parts[0])
    for part in parts[1:]:
        total.add_(part)
    return total


@contextmanager
def batch_gradients(network: nn.Module, seeds: Sequence[int]) -> Iterator[BatchGradients]:
    """Threads for as many parts as there are ``seeds``; inside, torch computes with one thread in each, and here."""
    before = torch.get_num_threads()
    count = min(len(seeds), thread_count())
    with ThreadPoolExecutor(count, "learn", initializer=torch.set_num_threads, initargs=(1,)) as threads:
        torch.set_num_threads(1)
        try:
            yield BatchGradients(network, threads, seeds)
        finally:
            torch.set_num_threads(before)
