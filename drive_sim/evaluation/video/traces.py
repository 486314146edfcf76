"""The commands of a clip over its time, below the images: what came before and after the moment, which is marked."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from drive_sim.evaluation.video.clip import WIDTH, Caption, Shot
from drive_sim.evaluation.video.drawing import AMBER, BLUE, FAINT, GROUND, INK, RED, TRACK, Image, Shade, write

HEIGHT = 108
"""Of the strip [px]; even, as the encoder wants it."""
_LEFT, _RIGHT = 132, WIDTH - 21
"""Edges of the time axis [px]."""
_LANES = ((10, 44), (52, 86))
"""Top and bottom of the steering and of the pedals [px]: a command of 1 and of −1."""
_LABELS = HEIGHT - 8
_DIM = 0.38
"""Share of its brightness that a command has before its time has come."""


class CommandTraces:
    """A strip (`HEIGHT`, `WIDTH`, 3) for every instant of a clip."""

    def __init__(self, shots: Sequence[Shot], caption: Caption) -> None:
        self._start, self._end = shots[0].time, max(shots[-1].time, shots[0].time + 1.0)
        self._lit = self._drawn(shots, caption, 1.0)
        self._dim = self._drawn(shots, caption, _DIM)

    def at(self, time: float) -> Image:
        """The strip at ``time`` [s] of the episode: bright up to now, dim after it."""
        now = self._across(time)
        strip = self._dim.copy()
        strip[:, :now] = self._lit[:, :now]
        cv2.line(strip, (now, _LANES[0][0] - 5), (now, _LANES[1][1] + 5), INK, 2)
        return strip

    def _across(self, time: float) -> int:
        """Column [px] of a time [s]."""
        share = (time - self._start) / (self._end - self._start)
        return round(_LEFT + min(max(share, 0.0), 1.0) * (_RIGHT - _LEFT))

    def _drawn(self, shots: Sequence[Shot], caption: Caption, brightness: float) -> Image:
        strip = np.full((HEIGHT, WIDTH, 3), GROUND, np.uint8)
        for top, bottom in _LANES:
            cv2.line(strip, (_LEFT, (top + bottom) // 2), (_RIGHT, (top + bottom) // 2), TRACK, 1)
        steering = [shot.steering for shot in shots]
        self._plot(strip, shots, steering, _LANES[0], _dimmed(BLUE, brightness))
        throttle, brake = ([max(sign * shot.acceleration, 0.0) for shot in shots] for sign in (1.0, -1.0))
        self._plot(strip, shots, throttle, _LANES[1], _dimmed(BLUE, brightness))
        self._plot(strip, shots, [-value for value in brake], _LANES[1], _dimmed(AMBER, brightness))
        for name, side, (top, bottom) in zip(("steering", "pedals"), _SIDES, _LANES, strict=True):
            write(strip, 15, (top + bottom) // 2 + 5, name, 14, FAINT)
            write(strip, _LEFT - 9, top + 9, side[0], 11, FAINT, to_right=True)
            write(strip, _LEFT - 9, bottom, side[1], 11, FAINT, to_right=True)
        self._scale(strip, caption)
        return strip

    def _plot(
        self, strip: Image, shots: Sequence[Shot], values: Sequence[float], lane: tuple[int, int], shade: Shade
    ) -> None:
        middle, half = (lane[0] + lane[1]) / 2, (lane[1] - lane[0]) / 2
        points = [
            (self._across(shot.time), round(middle - min(max(value, -1.0), 1.0) * half))
            for shot, value in zip(shots, values, strict=True)
        ]
        cv2.polylines(strip, [np.array(points, np.int32)], False, shade, 2, cv2.LINE_AA)

    def _scale(self, strip: Image, caption: Caption) -> None:
        """Whole seconds, and the moment over all of them."""
        shade = RED if caption.failed else AMBER
        moment = self._across(caption.moment)
        for second in range(math.ceil(self._start), math.floor(self._end) + 1):
            x = self._across(second)
            cv2.line(strip, (x, _LANES[1][1] + 2), (x, _LANES[1][1] + 6), FAINT, 1)
            if abs(x - moment) > 45 and x < _RIGHT - 9:
                write(strip, x - 6, _LABELS, f"{second} s", 11, FAINT)
        cv2.line(strip, (moment, _LANES[0][0] - 6), (moment, _LANES[1][1] + 6), shade, 2)
        write(strip, min(moment + 18, _RIGHT), _LABELS, f"{caption.moment:.1f} s", 13, shade, to_right=True)


_SIDES = (("left", "right"), ("throttle", "brake"))
"""What the top and the bottom of each lane mean."""


def _dimmed(shade: Shade, brightness: float) -> Shade:
    red, green, blue = (
        round(brightness * value + (1.0 - brightness) * ground) for value, ground in zip(shade, GROUND, strict=True)
    )
    return red, green, blue
