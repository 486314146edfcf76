"""Short videos of what happened: the camera's image, the view from above and the commands, encoded as MP4.

H.264 in MP4 because every browser plays it; written to memory because the report carries it inside itself.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np

from drive_sim.base.errors import InputError
from drive_sim.evaluation.video.drawing import (
    AMBER,
    BLUE,
    FAINT,
    GROUND,
    INK,
    RED,
    SMALL,
    TRACK,
    Image,
    Shade,
    pill,
    write,
)

WIDTH, HEIGHT = 720, 480
CAMERA_HEIGHT = 240
MAP_SIZE = (480, HEIGHT - CAMERA_HEIGHT)
"""(width, height) of the view from above [px]."""
QUALITY = 29
"""H.264's constant rate factor: smaller is better and larger."""

_LEFT, _RIGHT = MAP_SIZE[0] + 21, WIDTH - 21
"""Edges of the instruments [px]."""


@dataclass(frozen=True, eq=False)
class Shot:
    """One step of an episode, to be made a frame of."""

    camera: Image
    """The camera's image, of any size."""
    time: float
    """[s] since the start of the episode."""
    speed: float
    """[m/s]"""
    speed_limit: float
    """[m/s]"""
    steering: float
    """Command in [-1, 1], left positive."""
    acceleration: float
    """Command in [-1, 1], throttle positive."""
    lateral_error: float
    """[m] left of the lane's centre."""
    room: float
    """[m] of lateral error at which a wheel passes the marking."""


class Caption(NamedTuple):
    """What a clip is about."""

    camera: str
    """Said over the camera's image."""
    moment: float
    """[s] of the episode: what the clip leads up to."""
    what: str
    """Happens then."""
    failed: bool
    """Whether it is a failure, or merely the worst that happened."""
    reset_to_lane: bool = False
    """Whether the ego is then reset to its lane."""


def compose(shot: Shot, top_down: Image, caption: Caption) -> Image:
    """One frame (`HEIGHT`, `WIDTH`, 3); ``top_down`` is the view from above, of `MAP_SIZE`."""
    frame = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    frame[:CAMERA_HEIGHT] = _fit(shot.camera, WIDTH, CAMERA_HEIGHT)
    frame[CAMERA_HEIGHT:, : MAP_SIZE[0]] = top_down
    cv2.rectangle(frame, (MAP_SIZE[0], CAMERA_HEIGHT), (WIDTH, HEIGHT), GROUND, -1)
    _instruments(frame, shot)
    pill(frame, 12, 12, caption.camera, GROUND, INK)
    pill(frame, 12, CAMERA_HEIGHT + 10, "from above", GROUND, INK)
    _mark(frame, shot, caption)
    return frame


def _fit(image: Image, width: int, height: int) -> Image:
    """The image enlarged to fill width × height, what does not fit cut off evenly at top and bottom or the sides."""
    scale = max(width / image.shape[1], height / image.shape[0])
    size = (max(width, round(image.shape[1] * scale)), max(height, round(image.shape[0] * scale)))
    large = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    top, left = (large.shape[0] - height) // 2, (large.shape[1] - width) // 2
    return np.asarray(large[top : top + height, left : left + width], np.uint8)


def _mark(frame: Image, shot: Shot, caption: Caption) -> None:
    """Count down to the moment, then name it; a failure stays framed in red."""
    left = caption.moment - shot.time
    shade = RED if caption.failed else AMBER
    if left > 0.025:
        pill(frame, WIDTH - 12, 12, f"in {left:.1f} s: {caption.what}", GROUND, shade, to_right=True)
        return
    what = f"{caption.what}: reset to lane" if caption.reset_to_lane else caption.what
    pill(frame, WIDTH - 12, 12, what, shade, GROUND, to_right=True)
    if caption.failed:
        cv2.rectangle(frame, (1, 1), (WIDTH - 2, CAMERA_HEIGHT - 2), shade, 4)


def _instruments(frame: Image, shot: Shot) -> None:
    """Speed, place in the lane, steering and pedals, to the right of the view from above."""
    top = CAMERA_HEIGHT
    write(frame, _LEFT, top + 44, f"{3.6 * shot.speed:.0f}", 34, INK)
    write(frame, _LEFT + 69, top + 44, "km/h", SMALL, FAINT)
    write(frame, _RIGHT, top + 25, f"{shot.time:.1f} s", SMALL, FAINT, to_right=True)
    write(frame, _RIGHT, top + 44, f"limit {3.6 * shot.speed_limit:.0f}", SMALL, FAINT, to_right=True)
    over = abs(shot.lateral_error) > shot.room
    _row(frame, top + 78, "in the lane", _sided(shot.lateral_error, ".2f", "m"), RED if over else INK)
    _needle(frame, top + 88, shot.lateral_error / (2.0 * shot.room), RED if over else BLUE)
    for part in (-0.5, 0.5):  # the markings
        x = _across(part)
        cv2.rectangle(frame, (x - 1, top + 84), (x, top + 98), FAINT, -1)
    _row(frame, top + 134, "steering", _sided(100 * shot.steering, ".0f", "%"), INK)
    _bar(frame, top + 144, shot.steering, BLUE)
    pedal = "throttle" if shot.acceleration >= 0 else "brake"
    _row(frame, top + 189, pedal, f"{100 * abs(shot.acceleration):.0f} %", INK)
    _bar(frame, top + 199, -shot.acceleration, BLUE if shot.acceleration >= 0 else AMBER)


def _sided(value: float, form: str, unit: str) -> str:
    """A magnitude and its side, left positive; no side for what is shown as 0."""
    shown = format(abs(value), form)
    side = "" if float(shown) == 0.0 else " left" if value > 0 else " right"
    return f"{shown} {unit}{side}"


def _across(share: float) -> int:
    """Column [px] of a value in [-1, 1], positive left."""
    half = (_RIGHT - _LEFT) / 2
    return round(_LEFT + half - min(max(share, -1.0), 1.0) * half)


def _row(frame: Image, baseline: int, name: str, value: str, shade: Shade) -> None:
    write(frame, _LEFT, baseline, name, SMALL, FAINT)
    write(frame, _RIGHT, baseline, value, SMALL, shade, to_right=True)


def _bar(frame: Image, top: int, share: float, shade: Shade) -> None:
    """A bar from the middle, positive left."""
    cv2.rectangle(frame, (_LEFT, top), (_RIGHT, top + 6), TRACK, -1)
    ends = sorted((_across(0.0), _across(share)))
    cv2.rectangle(frame, (ends[0], top), (ends[1], top + 6), shade, -1)
    cv2.rectangle(frame, (_across(0.0) - 1, top - 2), (_across(0.0), top + 8), FAINT, -1)


def _needle(frame: Image, top: int, share: float, shade: Shade) -> None:
    cv2.rectangle(frame, (_LEFT, top), (_RIGHT, top + 6), TRACK, -1)
    cv2.circle(frame, (_across(share), top + 3), 7, shade, -1, cv2.LINE_AA)


def encode(frames: Iterable[Image], rate: float) -> bytes:
    """An MP4 of the frames at ``rate`` [1/s]; ValueError without a frame."""
    import av

    buffer = io.BytesIO()
    stream: Any = None
    with av.open(buffer, "w", format="mp4") as container:
        for image in frames:
            if stream is None:
                stream = container.add_stream("libx264", rate=round(rate))
                stream.height, stream.width = image.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.options = {"crf": str(QUALITY), "preset": "veryfast"}
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")):
                container.mux(packet)
        if stream is None:
            raise ValueError("a video needs at least one frame")
        for packet in stream.encode():
            container.mux(packet)
    return buffer.getvalue()


def check_encoder() -> None:
    """Encode one frame, so that an encoder that cannot be used is told before anything is driven.

    Raises
    ------
    InputError
        if PyAV's own ffmpeg cannot encode H.264. Nothing where PyAV is not installed: reports then have no videos.
    """
    try:
        encode([np.zeros((32, 32, 3), np.uint8)], 10.0)
    except ModuleNotFoundError:
        return
    except Exception as error:  # whatever a damaged or foreign build of ffmpeg raises
        problem = f"cannot be encoded as H.264 ({type(error).__name__}: {error})"
        raise InputError("--videos", "", problem, "install av from its wheel, or give --videos 0") from error


def jpeg(image: Image) -> bytes:
    """The image as a JPEG file."""
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 62])
    return bytes(data)


def room_in_lane(lane_width: float, vehicle_width: float) -> float:
    """[m] of lateral error at which a wheel passes the marking of a lane; at least a little."""
    return max(0.5 * (lane_width - vehicle_width), 0.05)
