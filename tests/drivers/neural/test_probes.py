"""Linear probes read what is there, say so of episodes that they have not seen, and find nothing where nothing is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.settings import NetworkSettings
from scripts.networks.probe_layers import activations, explained, fold_of, predictions

SMALL = NetworkSettings(height=24, width=40, channels=(8, 8), kernels=(5, 3), strides=(2, 2), dense=(16, 8))
RNG = np.random.default_rng(0)
EPISODES = np.repeat(np.arange(30), 6)
FEATURES = RNG.normal(3.0, 2.0, (180, 12))


def test_a_linear_truth_is_explained_and_noise_is_not() -> None:
    truth = np.stack([FEATURES @ RNG.normal(size=12) + 5.0, RNG.normal(size=180)], 1)
    told = predictions(FEATURES, truth, EPISODES)
    r2, low, high = explained(truth[:, 0], told[:, 0], EPISODES)
    assert 0.98 < low <= r2 <= high <= 1.0
    assert explained(truth[:, 1], told[:, 1], EPISODES)[0] < 0.1


def test_an_episode_lies_in_one_fold_so_that_what_it_alone_has_explains_nothing() -> None:
    fold = fold_of(EPISODES)
    assert len(set(zip(EPISODES, fold, strict=True))) == 30 and len(set(fold)) == 5
    # Each episode has a mark of its own and a truth of its own: known only to a probe that was fitted on it.
    marks, truth = np.eye(30)[EPISODES], RNG.normal(size=30)[EPISODES]
    told = predictions(marks, truth[:, None], EPISODES)[:, 0]
    assert explained(truth, told, EPISODES)[0] < 0.1


def test_r2_is_the_share_of_the_variance_that_predictions_explain() -> None:
    truth = np.tile([0.0, 1.0, 2.0, 3.0], 10)
    told = np.tile([0.0, 1.0, 2.0, 5.0], 10)
    assert explained(truth, told, np.arange(40))[0] == pytest.approx(1.0 - 4.0 / 5.0)


@pytest.mark.parametrize("name", ["pilotnet", "stack", "recurrent"])
def test_activations_are_those_of_the_present_moment_in_every_layer(name: str) -> None:
    torch.manual_seed(0)
    settings = NetworkSettings.from_dict(SMALL.to_dict() | {"name": name, "frames": 1 if name == "pilotnet" else 3}, "")
    images = RNG.integers(0, 256, (70, 24, 40, 3), np.uint8)
    found = activations(build_network(settings), images)
    sizes = {"image": 3 * 12, "convolution 1": 8 * 12, "convolution 2": 8 * 12, "dense 1": 16, "dense 2": 8}
    assert {layer: values.shape for layer, values in found.items()} == {k: (70, v) for k, v in sizes.items()}
    again = activations(build_network(settings).eval(), images[:1])
    assert again["image"][0].tolist() == found["image"][0].tolist()
