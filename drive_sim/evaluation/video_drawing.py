"""Words and colours of the report's videos, drawn into pictures of any size."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""(H, W, 3) RGB."""
Shade = tuple[int, int, int]

GROUND: Shade = (18, 21, 26)
INK: Shade = (236, 239, 244)
FAINT: Shade = (139, 147, 160)
TRACK: Shade = (52, 58, 68)
BLUE: Shade = (92, 168, 255)
AMBER: Shade = (255, 178, 62)
RED: Shade = (255, 92, 82)
_SUBPIXEL = 4
"""Bits of a pixel that OpenCV draws polygons to."""


def pill(frame: Picture, x: int, y: int, text: str, ground: Shade, ink: Shade, to_right: bool = False) -> None:
    """Words on a ground of their own; ``x`` is the left edge, or the right one."""
    width = round(_outline(text, 20)[1]) + 24
    left = x - width if to_right else x
    part = frame[y : y + 34, left : left + width]
    part[:] = (0.2 * part + 0.8 * np.array(ground)).astype(np.uint8)
    write(frame, left + 12, y + 24, text, 20, ink)


def write(frame: Picture, x: int, baseline: int, text: str, size: int, shade: Shade, to_right: bool = False) -> None:
    """Words in DejaVu Sans, smooth; ``size`` in pixels."""
    polygons, width = _outline(text, size)
    start = (x - width if to_right else x, baseline)
    corners = [np.round((polygon + start) * (1 << _SUBPIXEL)).astype(np.int32) for polygon in polygons]
    cv2.fillPoly(frame, corners, shade, cv2.LINE_AA, _SUBPIXEL)


@lru_cache(maxsize=2048)
def _outline(text: str, size: int) -> tuple[list[NDArray[np.float64]], float]:
    """Polygons of the words, y downwards from the baseline, and their width [px]."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    path = TextPath((0.0, 0.0), text, size=size, prop=FontProperties(family="DejaVu Sans"))
    polygons = [np.asarray(polygon) * (1.0, -1.0) for polygon in path.to_polygons()]
    width = max((float(polygon[:, 0].max()) for polygon in polygons), default=0.0)
    return polygons, width
