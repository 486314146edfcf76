"""Effects on the images of randomised views: what lies on the glass, focus and tone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from drive_sim.learning.views import image_effects
from drive_sim.learning.views.image_effects import FIELDS, SPOTS, ImageEffects, draw_effects

HEIGHT, WIDTH = 40, 100


@pytest.fixture
def images() -> NDArray[np.uint8]:
    """Two images, brighter to the right and downwards."""
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    image = np.stack([2 * column, 3 * row, row + column], 2).astype(np.uint8)
    return np.stack([image, image[::-1]])


def effects(spot: dict[int, float] | None = None, blur: float = 0.0) -> ImageEffects:
    """No effect on two images, but for a spot on the first, and blur."""
    spots = np.zeros((2, SPOTS, FIELDS), np.float32)
    tones = np.broadcast_to(np.arange(256, dtype=np.uint8), (2, 3, 256)).copy()
    middle = {0: 0.5, 1: 0.5, 2: 0.25, 3: 0.25, 4: 1.0, 5: 0.0, 6: 1.0, 7: 0.01, 8: 1.0, 13: 1.0}
    for field, value in ({**middle, **spot} if spot is not None else {}).items():
        spots[0, 3, field] = value
    return ImageEffects(np.full(2, blur, np.float32), spots, tones)


BOTH = np.array([0, 1])


def test_no_effect_leaves_images_as_they_are(images: NDArray[np.uint8]) -> None:
    assert np.array_equal(effects().on(images.copy(), BOTH), images)


def test_a_patch_hides_what_is_behind_it_and_nothing_else(images: NDArray[np.uint8]) -> None:
    found = effects({9: 10.0, 10: 20.0, 11: 30.0}).on(images.copy(), BOTH)
    # A quarter of the height to each side of the middle.
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[11:30, 41:60] = True
    assert np.array_equal(found[0][inside], np.broadcast_to(np.uint8([10, 20, 30]), (inside.sum(), 3)))
    around = np.ones((HEIGHT, WIDTH), bool)
    around[9:32, 39:62] = False
    assert np.array_equal(found[0][around], images[0][around])
    assert np.array_equal(found[1], images[1])


def test_a_droplet_shows_the_image_upside_down(images: NDArray[np.uint8]) -> None:
    droplet = {2: 0.15, 3: 0.15, 6: 0.0, 12: 1.0, 13: -3.0}
    found = effects(droplet).on(images.copy(), BOTH)[0].astype(int)
    assert found[20, 53, 0] < found[20, 50, 0] < found[20, 47, 0]
    assert found[23, 50, 1] < found[20, 50, 1] < found[17, 50, 1]


def test_a_turned_smear_covers_what_it_was_drawn_over(images: NDArray[np.uint8]) -> None:
    half = np.sqrt(0.5)
    smear = {2: 0.05, 3: 0.4, 4: half, 5: half, 6: 0.0, 9: 255.0, 10: 255.0, 11: 255.0}
    white = (effects(smear).on(images.copy(), BOTH)[0] == 255).all(2)
    # Along the axis that points down to the right.
    assert white[29, 59]
    assert white[11, 41]
    assert not white[11, 59]
    assert white.sum() == pytest.approx(np.pi * 0.05 * 0.4 * HEIGHT**2, rel=0.1)


def test_blur_takes_detail_and_no_light() -> None:
    board = np.zeros((2, HEIGHT, WIDTH, 3), np.uint8)
    board[:, ::2] = 200
    found = effects(blur=0.04).on(board.copy(), BOTH)
    assert found.std() < 0.2 * board.std()
    assert found.mean() == pytest.approx(board.mean(), rel=0.02)


def test_an_image_has_the_effects_of_its_view(images: NDArray[np.uint8]) -> None:
    drawn = draw_effects(np.random.default_rng(2), 40)
    rows = np.array([3, 17, 30, 31])
    several = np.repeat(images[:1], 4, 0)
    together = drawn.on(several.copy(), rows)
    for number, row in enumerate(rows):
        assert np.array_equal(drawn.on(several[:1].copy(), np.array([row]))[0], together[number])
    assert len(np.unique(together, axis=0)) == 4


def test_tone_curves_rise_and_half_of_them_change_nothing() -> None:
    tones = draw_effects(np.random.default_rng(0), 1000).tones.astype(int)
    assert (np.diff(tones, axis=2) >= 0).all()
    same = (tones == np.arange(256)).all((1, 2))
    assert same.mean() == pytest.approx(1.0 - image_effects.TONE_SHARE, abs=0.06)
    slopes = (tones[:, :, 192] - tones[:, :, 64]) / 128.0
    assert slopes.min() < 0.5
    assert slopes.max() > 1.5


def test_what_lies_on_the_glass_leaves_most_of_the_image_to_be_seen() -> None:
    drawn = draw_effects(np.random.default_rng(1), 400)
    spots = drawn.spots
    white = np.full((400, HEIGHT, 3 * HEIGHT, 3), 255, np.uint8)
    plain = ImageEffects(
        np.zeros(400, np.float32), spots, np.broadcast_to(np.arange(256, dtype=np.uint8), (400, 3, 256))
    )
    hidden = (plain.on(white, np.arange(400)) < 200).any(3).mean((1, 2))
    soiled = (spots[..., 8] > 0.0).any(1)
    assert soiled.mean() == pytest.approx(image_effects.GLASS_SHARE, abs=0.08)
    assert not hidden[~soiled].any()
    assert hidden[soiled].mean() < 0.1
    assert hidden.max() < 0.5
