"""What happens to the images of randomised views: focus, what lies on the glass, and tone.

In the order in which light meets it: the lens blurs (`BLUR`), splashes, droplets, smears and patches lie on the glass
(`SPOTS`), and the sensor's tone curve gives grey levels another contrast, gamma and cast.

`drive_sim.sensors.camera.faults` soils the glass of the suite `uncertainty`, and nothing here copies it: its spots are
round, grey, soft all through and up to 24 at once. These have edges, colours, any shape from round to a smear, or show
the image upside down, as a droplet does, and there are at most twelve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import kernel

Floats = NDArray[np.float64]
Range = tuple[float, float]

TONE_SHARE = GLASS_SHARE = 0.5
"""Probability of another tone curve, and of something on the glass."""
BLUR_SHARE = 0.25
"""Probability of an image out of focus."""
BLUR: Range = (0.005, 0.025)
"""Standard deviation of the blur, of the image's height: a third of a pixel to 1.6 of 66 rows. What is left resolves a
lane marking at 10 m."""
CONTRAST: Range = (0.45, 1.7)
"""About any grey level: from glare that veils half of the range to a tone curve that cuts half of it off."""
GAMMA: Range = (0.6, 1.7)
"""Of grey levels, which have a gamma of 2 already: linear sensors to cameras that lift shadows."""
CAST = 0.25
"""Largest natural logarithm of a channel's gain: a white balance that is off from 3,000 to 10,000 K."""
SPOTS = 12
"""Most spots on the glass: their mean area leaves nine tenths of the image, and the label, to be seen."""
RADIUS: Range = (0.03, 0.3)
"""Of a splash, of the image's height: a raindrop's mark or an insect's to a lump of mud close to the lens."""
DROPLET: Range = (0.02, 0.1)
"""Radius of a droplet, of the image's height."""
SMEAR = 10.0
"""Largest ratio of length to width: what a wiper draws out."""
PATCH: Range = (0.05, 0.35)
"""Half of a patch's sides, of the image's height (random erasing: Zhong et al. 2017; cutout: DeVries & Taylor 2017)."""
EDGE: Range = (0.05, 0.6)
"""Share of a spot's radius over which it fades: out of focus, but not all through."""
FIELDS = 14
_ROW, _COLUMN, _TALL, _WIDE, _COS, _SIN, _BOX, _EDGE, _COVER, _RED, _GREEN, _BLUE, _PASSING, _ZOOM = range(FIELDS)
"""Of a spot: middle and half axes as shares of the image's height (the column: of its width), angle, whether it is a
box, edge, largest cover, its own grey levels, share of the light behind that it lets through, and from where."""


@dataclass(frozen=True, eq=False)
class ImageEffects:
    """Effects on n images of one camera."""

    blur: NDArray[np.float32]
    """(n) standard deviation, of the image's height; 0 for none."""
    spots: NDArray[np.float32]
    """(n, SPOTS, FIELDS); a cover of 0 is none."""
    tones: NDArray[np.uint8]
    """(n, 3, 256) grey level of each channel for each that there was."""

    def on(self, images: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Images (k, H, W, 3) with the effects ``rows`` on them, the same array, which must be contiguous."""
        height = images.shape[1]
        spots = self.spots[rows]
        soiled = spots[..., _COVER].max(1)
        size = 2 * (height // 20) + 1
        soft = np.empty_like(images)
        for image, behind, blur, dirty in zip(images, soft, self.blur[rows] * height, soiled, strict=True):
            if blur > 0.0:
                cv2.GaussianBlur(image, (0, 0), float(blur), dst=image)
            if dirty > 0.0:
                cv2.blur(image, (size, size), dst=behind)
        _affect_row("cpu", len(images) * height, (images, soft), (spots, self.tones[rows]))
        return images


def logarithmic(rng: np.random.Generator, bounds: Range, shape: int | tuple[int, ...]) -> Floats:
    """Numbers whose every ratio within the bounds is as likely."""
    return np.exp(rng.uniform(math.log(bounds[0]), math.log(bounds[1]), shape))


def draw_effects(rng: np.random.Generator, count: int) -> ImageEffects:
    """Effects for so many images."""
    blur = np.where(rng.random(count) < BLUR_SHARE, logarithmic(rng, BLUR, count), 0.0)
    return ImageEffects(blur.astype(np.float32), _spots(rng, count), _tones(rng, count))


def _tones(rng: np.random.Generator, count: int) -> NDArray[np.uint8]:
    """Tone curves (n, 3, 256); half of them change nothing."""
    before = np.linspace(0.0, 1.0, 256)
    gain = np.exp(rng.uniform(-CAST, CAST, (count, 3, 1)))
    curve = np.minimum(gain * before ** logarithmic(rng, GAMMA, (count, 1, 1)), 1.0)
    about, contrast = rng.random((count, 1, 1)), logarithmic(rng, CONTRAST, (count, 1, 1))
    curve = np.clip(about + contrast * (curve - about), 0.0, 1.0)
    changed = rng.random((count, 1, 1)) < TONE_SHARE
    return np.rint(255.0 * np.where(changed, curve, before)).astype(np.uint8)


def _spots(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Spots (n, SPOTS, FIELDS): one kind of dirt an image, and a patch or two in some."""
    shape = (count, SPOTS)
    kind = np.broadcast_to(rng.integers(0, 4, (count, 1)), shape)
    splash, droplet, smear, patch = (kind == number for number in range(4))
    present = np.arange(SPOTS) < rng.integers(1, SPOTS + 1, (count, 1)) * (rng.random((count, 1)) < GLASS_SHARE)
    # A patch hides all that is behind it: two are enough.
    present &= ~patch | (np.arange(SPOTS) < 2)
    radius, angle = logarithmic(rng, RADIUS, shape), rng.uniform(0.0, np.pi, shape) * ~patch
    aspect = logarithmic(rng, (1.0, SMEAR), shape)
    # A smear is drawn out of a splash of the same area, a splash is at most three times as long as wide.
    aspect = np.sqrt(np.where(splash, np.minimum(aspect, 3.0), aspect)) * (splash | smear) + ~(splash | smear)
    radius = np.where(droplet, logarithmic(rng, DROPLET, shape), radius)
    spots = np.zeros((*shape, FIELDS))
    spots[..., _ROW], spots[..., _COLUMN] = rng.random(shape), rng.random(shape)
    spots[..., _TALL] = np.where(patch, logarithmic(rng, PATCH, shape), radius / aspect)
    spots[..., _WIDE] = np.where(patch, logarithmic(rng, PATCH, shape), radius * aspect)
    spots[..., _COS], spots[..., _SIN] = np.cos(angle), np.sin(angle)
    spots[..., _BOX] = patch
    spots[..., _EDGE] = np.where(patch, 1e-3, rng.uniform(*EDGE, shape))
    # A smear is thin, a droplet clear.
    cover = np.where(smear, rng.uniform(0.15, 0.6, shape), rng.uniform(0.5, 1.0, shape))
    spots[..., _COVER] = np.where(patch, 1.0, cover) * present
    # Mud, salt, insects: dark or bright, nearly grey; a patch is of any colour.
    tint = rng.uniform(0.0, 255.0, (*shape, 1)) * np.exp(rng.uniform(-0.3, 0.3, (*shape, 3)))
    colour = np.where(patch[..., None], rng.uniform(0.0, 255.0, (*shape, 3)), np.minimum(tint, 255.0))
    spots[..., _RED : _BLUE + 1] = colour
    passing = np.where(smear, rng.uniform(0.5, 0.9, shape), rng.uniform(0.0, 0.6, shape))
    spots[..., _PASSING] = np.where(droplet, rng.uniform(0.85, 1.0, shape), passing) * ~patch
    # A drop is a lens of short focal length: it shows what is around it, smaller and upside down.
    spots[..., _ZOOM] = np.where(droplet, -rng.uniform(1.5, 4.0, shape), 1.0)
    return spots.astype(np.float32)


@kernel(grain=64)
def _affect_row(item: int, images: Any, effects: Any) -> None:
    """One row of an image (n, H, W, 3) with its spots and tone; ``images`` is (image, the same out of focus)."""
    image, soft = images
    spots, tones = effects
    rows, columns = image.shape[1], image.shape[2]
    i, row = item // rows, item % rows
    for number in range(spots.shape[1]):
        spot = spots[i, number]
        if spot[_COVER] <= 0.0:
            continue
        tall, wide = spot[_TALL] * rows, spot[_WIDE] * rows
        down, right = row - spot[_ROW] * rows, spot[_COLUMN] * columns
        # How far a turned ellipse reaches up and across; a box is not turned.
        cos, sin = spot[_COS], spot[_SIN]
        if abs(down) >= math.sqrt((wide * sin) ** 2 + (tall * cos) ** 2):
            continue
        reach = math.sqrt((wide * cos) ** 2 + (tall * sin) ** 2)
        for column in range(max(int(right - reach), 0), min(int(right + reach) + 2, columns)):
            across = column - right
            u, v = (cos * across + sin * down) / wide, (cos * down - sin * across) / tall
            distance = max(abs(u), abs(v)) if spot[_BOX] > 0.0 else math.sqrt(u * u + v * v)
            cover = spot[_COVER] * min(max((1.0 - distance) / spot[_EDGE], 0.0), 1.0)
            if cover <= 0.0:
                continue
            y = min(max(int(spot[_ROW] * rows + spot[_ZOOM] * down), 0), rows - 1)
            x = min(max(int(right + spot[_ZOOM] * across), 0), columns - 1)
            for k in range(3):
                own, passing = spot[_RED + k], spot[_PASSING]
                shown = own + passing * (soft[i, y, x, k] - own)
                image[i, row, column, k] = np.uint8(image[i, row, column, k] * (1.0 - cover) + shown * cover)
    for column in range(columns):
        for k in range(3):
            image[i, row, column, k] = tones[i, k, image[i, row, column, k]]
