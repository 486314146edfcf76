"""The image of what the shipped model looks at, for docs/learning.md: validation roads, each below itself, marked.

python scripts/figures/attention_image.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from drive_sim.base.resources import find_model
from drive_sim.drivers.neural.attention import marked
from drive_sim.drivers.neural.driver import NeuralDriver
from scripts.networks.attention_check import images_of

OUTPUT = Path(__file__).resolve().parents[2] / "docs" / "images" / "attention.jpg"
SHOWN = ((1, 2, 4), (5, 7, 9), (18, 20, 22))
"""Numbers of the images, by row: two bends, lorries in fog and cones at night, cones by day, a pedestrian."""
SCALE = 2


def main() -> None:
    """Draw it."""
    driver = NeuralDriver.load(find_model("pilotnet"))
    images = images_of(driver, 1 + max(max(row) for row in SHOWN))
    masks = driver.attention(images)
    assert masks is not None
    pairs = [[np.vstack([images[n], marked(images[n], masks[n])]) for n in row] for row in SHOWN]
    sheet = np.vstack([np.hstack(row) for row in pairs])
    large = cv2.resize(sheet, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(OUTPUT), cv2.cvtColor(large, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
