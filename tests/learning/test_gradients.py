"""A batch learnt from in parts: the gradients of the whole, the same to the bit on any number of threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from drive_sim.compute import threads
from drive_sim.drivers.neural.networks import SeededDropout, build_network, drawing_from
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.learning.gradients import batch_gradients

SETTINGS = NetworkSettings(
    height=30, width=40, channels=(8, 8), kernels=(5, 3), strides=(2, 2), dense=(16,), dropout=0.0
)  # fmt: skip
IMAGES = np.random.default_rng(0).integers(0, 256, (10, 30, 40, 3), dtype=np.uint8)
ROWS = np.arange(10)


def network(dropout: float = 0.0) -> nn.Module:
    """A small network that nobody trained."""
    torch.manual_seed(1)
    return build_network(NetworkSettings(**{**vars(SETTINGS), "dropout": dropout})).train()


def losses(of: nn.Module) -> Callable[[Any], dict[str, Tensor]]:
    """A loss whose gradient every weight but those of the auxiliary heads has a part in."""

    def found(rows: Any) -> dict[str, Tensor]:
        answers = of(torch.from_numpy(IMAGES[rows]))
        target = torch.from_numpy(rows % 7)
        loss = nn.functional.cross_entropy(answers.curvature, target) + answers.speed.square().mean()
        return {"loss": loss, "double": 2.0 * loss}

    return found


def gradients(parts: int, dropout: float = 0.0) -> tuple[dict[str, float], list[Tensor | None]]:
    """Losses, and the gradient of each parameter, learnt in parts."""
    learner = network(dropout)
    with batch_gradients(learner, range(parts)) as of_batch:
        told = of_batch.fill(ROWS, losses(learner))
    return told, [parameter.grad for parameter in learner.parameters()]


@pytest.mark.parametrize("parts", [1, 2, 3, 16])
def test_parts_give_the_gradients_and_losses_of_the_whole(parts: int) -> None:
    whole = network()
    expected = losses(whole)(ROWS)
    expected["loss"].backward()
    told, found = gradients(parts)
    assert told["loss"] == pytest.approx(float(expected["loss"].detach()), rel=1e-5)
    assert told["double"] == pytest.approx(2.0 * told["loss"])
    for parameter, gradient in zip(whole.parameters(), found, strict=True):
        if parameter.grad is None:
            assert gradient is None
        else:
            assert gradient is not None and gradient.stride() == parameter.grad.stride()
            torch.testing.assert_close(gradient, parameter.grad, rtol=1e-4, atol=1e-6)


def test_gradients_are_the_same_to_the_bit_on_any_number_of_threads() -> None:
    found = []
    for count in (1, 2, 3):
        with threads.threads(count):
            found += [gradients(3, dropout=0.5)[1] for _ in range(2)]
    for others in found[1:]:
        for one, other in zip(found[0], others, strict=True):
            assert (one is None and other is None) or torch.equal(one, other)  # type: ignore[arg-type]


def test_the_number_of_threads_of_torch_is_what_it_was() -> None:
    before = torch.get_num_threads()
    gradients(2)
    assert torch.get_num_threads() == before


def test_dropout_draws_from_its_threads_generator_and_keeps_the_mean() -> None:
    layer, ones = SeededDropout(0.25).train(), torch.ones(40_000)
    torch.manual_seed(3)
    state = torch.get_rng_state()
    with drawing_from(torch.Generator().manual_seed(7)):
        first = layer(ones)
    with drawing_from(torch.Generator().manual_seed(7)):
        again = layer(ones)
    assert torch.equal(first, again) and torch.equal(torch.get_rng_state(), state)
    assert first.mean() == pytest.approx(1.0, abs=0.02)
    assert first.unique().tolist() == pytest.approx([0.0, 4.0 / 3.0])
    assert torch.equal(layer.eval()(ones), ones)
    torch.testing.assert_close(layer.train()(ones).mean(), torch.tensor(1.0), atol=0.02, rtol=0.0)
