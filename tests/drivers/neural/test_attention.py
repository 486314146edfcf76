"""What a network looks at is where its convolutions respond, pixel for pixel, in each camera's image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from drive_sim.base.resources import find_model
from drive_sim.drivers.neural.attention import TINT, _looked_at, attention, marked
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.networks import LARGEST, Network, build_network
from drive_sim.drivers.neural.settings import NetworkSettings

TWO = NetworkSettings(
    height=40, width=80, more_images=((40, 48),), channels=(8, 8, 8), kernels=(5, 5, 3), strides=(2, 2, 1),
    dense=(16, 16),
)  # fmt: skip


def stack(*shapes: tuple[int, int, int]) -> nn.Sequential:
    """Convolutions of ones (channels, kernel, stride), each with a ReLU."""
    layers: list[nn.Module] = []
    before = 3
    for channels, kernel, stride in shapes:
        layer = nn.Conv2d(before, channels, kernel, stride)
        nn.init.constant_(layer.weight, 1.0 / (before * kernel * kernel))
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        layers += [layer, nn.ReLU()]
        before = channels
    return nn.Sequential(*layers)


def test_a_bright_spot_is_where_brightness_is_looked_for() -> None:
    image = np.full((1, 33, 41, 3), 127, np.uint8)
    image[0, 20:23, 10:13] = 255
    planes = (torch.from_numpy(image).permute(0, 3, 1, 2).float() - LARGEST) / LARGEST
    with torch.inference_mode():
        mask = _looked_at(stack((2, 3, 2), (2, 3, 1)), planes).numpy()[0]
    assert mask.shape == (33, 41) and mask.min() == 0.0 and mask.max() == 1.0
    row, column = np.unravel_index(mask.argmax(), mask.shape)
    assert 18 <= row <= 24 and 8 <= column <= 14
    assert mask[:10].max() == 0.0 and mask[:, 25:].max() == 0.0


def test_each_camera_has_a_mask_of_its_own_and_none_beside_its_image() -> None:
    torch.manual_seed(0)
    network = build_network(TWO).eval()
    images = np.random.default_rng(0).integers(0, 256, (3, 80, 80, 3), np.uint8)
    before = images.copy()
    masks = attention(network, images)
    assert masks is not None and masks.shape == (3, 80, 80) and np.array_equal(images, before)
    for part in (masks[:, :40], masks[:, 40:, :48]):
        assert part.min() == 0.0 and part.max() == 1.0
    assert not masks[:, 40:, 48:].any()
    images[:, 40:, :48] = 255 - images[:, 40:, :48]
    again = attention(network, images)
    assert again is not None and np.array_equal(again[:, :40], masks[:, :40])
    assert not np.array_equal(again[:, 40:], masks[:, 40:])


def test_a_network_that_has_no_stacks_says_nothing() -> None:
    assert attention(Network(NetworkSettings()), np.zeros((1, 66, 200, 3), np.uint8)) is None


def test_marks_tint_what_is_looked_at_and_nothing_else() -> None:
    image = np.full((2, 2, 3), 100, np.uint8)
    shown = marked(image, np.array([[0.0, 1.0], [0.5, 0.0]], np.float32))
    assert np.array_equal(shown[0, 0], image[0, 0]) and np.array_equal(shown[1, 1], image[1, 1])
    assert np.array_equal(shown[0, 1], np.rint(25.0 + 0.75 * TINT))
    assert 100 < shown[1, 0, 0] < shown[0, 1, 0]


@pytest.mark.slow
def test_painting_over_what_the_shipped_model_looks_at_moves_its_commands_more() -> None:
    from scripts.networks.attention_check import elsewhere, images_of

    driver = NeuralDriver.load(find_model("pilotnet"))
    images = images_of(driver, 32)
    masks = driver.attention(images)
    assert masks is not None
    spots = masks >= np.quantile(masks.reshape(32, -1), 0.95, axis=1)[:, None, None]
    others = np.array([elsewhere(one, np.random.default_rng(0)) for one in spots])
    assert (spots.sum((1, 2)) == others.sum((1, 2))).all()
    before, colours = driver.perceive(images)[0], images.mean((1, 2), keepdims=True).astype(np.uint8)
    looked, aside = (
        np.abs(driver.perceive(np.where(chosen[..., None], colours, images))[0] - before).mean()
        for chosen in (spots, others)
    )
    assert looked > 1.5 * aside
