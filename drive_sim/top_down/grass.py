"""The grass beside the road: a seamless texture, made of noise once a process."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from drive_sim.top_down.ground import Shade

GRASS_PIXELS, GRASS_LENGTH = 1024, 0.11
"""The texture of the verge: pixels a side, and metres a pixel [m]. It repeats seamlessly."""


@cache
def _meadow() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Brightness and dryness of a seamless meadow, (`GRASS_PIXELS`, `GRASS_PIXELS`): noise with a spectrum like 1/f."""
    rng = np.random.default_rng(7)
    frequency = np.fft.fftfreq(GRASS_PIXELS) * GRASS_PIXELS
    radius = np.hypot(frequency[:, None], frequency[None, : GRASS_PIXELS // 2 + 1])

    def field(slope: float, coarsest: float) -> NDArray[np.float32]:
        spectrum = np.fft.rfft2(rng.standard_normal((GRASS_PIXELS, GRASS_PIXELS)))
        values = np.fft.irfft2(spectrum * np.maximum(radius, coarsest) ** -slope, s=(GRASS_PIXELS, GRASS_PIXELS))
        return (values / values.std()).astype(np.float32)

    return 1.0 + 0.055 * field(0.9, 4.0), 0.028 * field(1.6, 3.0)


def grass(shade: Shade) -> NDArray[np.uint8]:
    """A seamless texture (`GRASS_PIXELS`, `GRASS_PIXELS`, RGBX) around a shade."""
    brightness, dryness = _meadow()
    image = np.full((GRASS_PIXELS, GRASS_PIXELS, 4), 255, np.uint8)
    for channel, sign in enumerate((1.0, 0.0, -1.0)):
        image[..., channel] = np.clip(shade[channel] * brightness * (1.0 + sign * dryness), 0.0, 255.0)
    return image
