"""Words and colours of the report's videos, drawn into images of any size."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_sim.evaluation.plotting import shipped_font, shipped_style

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""
Shade = tuple[int, int, int]

GROUND: Shade = (18, 21, 26)
INK: Shade = (236, 239, 244)
FAINT: Shade = (139, 147, 160)
TRACK: Shade = (52, 58, 68)
BLUE: Shade = (92, 168, 255)
AMBER: Shade = (255, 178, 62)
RED: Shade = (255, 92, 82)
SMALL = 15
"""Size of most words [px]."""
_SUBPIXEL = 4
"""Bits of a pixel that OpenCV draws polygons to."""


def pill(frame: Image, x: int, y: int, text: str, ground: Shade, ink: Shade, to_right: bool = False) -> None:
    """Words on a ground of their own; ``x`` is the left edge, or the right one."""
    width = round(_outline(text, SMALL)[1]) + 18
    left = x - width if to_right else x
    part = frame[y : y + 26, left : left + width]
    part[:] = part // 5 + np.round(0.8 * np.array(ground)).astype(np.uint8)
    write(frame, left + 9, y + 18, text, SMALL, ink)


def write(frame: Image, x: int, baseline: int, text: str, size: int, shade: Shade, to_right: bool = False) -> None:
    """Words in DejaVu Sans, smooth; ``size`` in pixels."""
    polygons, width = _outline(text, size)
    start = (x - width if to_right else x, baseline)
    corners = [np.round((polygon + start) * (1 << _SUBPIXEL)).astype(np.int32) for polygon in polygons]
    cv2.fillPoly(frame, corners, shade, cv2.LINE_AA, _SUBPIXEL)


@lru_cache(maxsize=2048)
def _outline(text: str, size: int) -> tuple[list[NDArray[np.float64]], float]:
    """Polygons of the words, y downwards from the baseline, and their width [px]."""
    polygons: list[NDArray[np.float64]] = []
    pen = 0.0
    for letter in text:
        strokes, advance = _letter(letter, size)
        polygons += [stroke + np.array([pen, 0.0]) for stroke in strokes]
        pen += advance
    return polygons, max((float(polygon[:, 0].max()) for polygon in polygons), default=0.0)


# Letter by letter, because new words come with every tenth of a second, and new letters hardly ever.
@lru_cache(maxsize=1024)
def _letter(letter: str, size: int) -> tuple[list[NDArray[np.float64]], float]:
    """Polygons of one letter, and how far to the next [px]."""
    with shipped_style():
        from matplotlib.font_manager import FontProperties, get_font
        from matplotlib.textpath import TextPath

        file = shipped_font()
        font = get_font(file)
        font.set_size(size, 72)
        advance = font.load_char(ord(letter)).linearHoriAdvance / 65536.0
        if letter.isspace():  # matplotlib has no path of a space
            return [], advance
        path = TextPath((0.0, 0.0), letter, size=size, prop=FontProperties(fname=file))
        return [np.asarray(polygon) * (1.0, -1.0) for polygon in path.to_polygons()], advance
