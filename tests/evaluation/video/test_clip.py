"""Videos: what a frame shows, and that a player can play them."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from drive_sim.evaluation.video import clip as video
from drive_sim.evaluation.video import drawing as video_drawing
from drive_sim.evaluation.video import traces as video_traces
from drive_sim.evaluation.video.clip import CAMERA_HEIGHT, HEIGHT, MAP_SIZE, WIDTH, Caption, Shot, compose, encode, jpeg

CAMERA = np.zeros((66, 200, 3), np.uint8)
CAMERA[:, :100] = (200, 40, 40)
CAMERA[:, 100:] = (40, 40, 200)
SHOT = Shot(
    camera=CAMERA,
    time=10.0,
    speed=20.0,
    speed_limit=25.0,
    steering=0.0,
    acceleration=0.0,
    lateral_error=0.0,
    room=0.8,
)
FROM_ABOVE = np.full((MAP_SIZE[1], MAP_SIZE[0], 3), 90, np.uint8)
CRASH = Caption("what the driver saw", 12.0, "collision with a vehicle", True)
INSTRUMENTS = np.s_[CAMERA_HEIGHT:, MAP_SIZE[0] :]


def count(frame: np.ndarray, shade: tuple[int, int, int], part: tuple = np.s_[:, :]) -> int:
    """Pixels of exactly that colour."""
    return int(np.sum(np.all(frame[part] == shade, axis=-1)))


def middle(frame: np.ndarray, shade: tuple[int, int, int], part: tuple) -> float:
    """Mean column of the pixels of that colour."""
    return float(np.mean(np.nonzero(np.all(frame[part] == shade, axis=-1))[1]))


def test_the_camera_fills_the_top_with_left_on_the_left() -> None:
    frame = compose(SHOT, FROM_ABOVE, CRASH)
    assert frame.shape == (HEIGHT, WIDTH, 3)
    assert tuple(frame[CAMERA_HEIGHT // 2, 50]) == (200, 40, 40)
    assert tuple(frame[CAMERA_HEIGHT // 2, WIDTH - 50]) == (40, 40, 200)
    assert tuple(frame[HEIGHT - 5, 5]) == (90, 90, 90)


@pytest.mark.parametrize("size", [(66, 200), (240, 320), (480, 640), (40, 400)])
def test_a_camera_of_any_shape_fills_its_part_undistorted(size: tuple[int, int]) -> None:
    assert video._fit(np.zeros((*size, 3), np.uint8), WIDTH, CAMERA_HEIGHT).shape == (CAMERA_HEIGHT, WIDTH, 3)


def test_a_failure_is_framed_in_red_from_its_moment_on_and_not_before() -> None:
    edge = np.s_[:6, :]
    assert count(compose(SHOT, FROM_ABOVE, CRASH), video_drawing.RED, edge) == 0
    assert count(compose(replace(SHOT, time=12.0), FROM_ABOVE, CRASH), video_drawing.RED, edge) > WIDTH
    assert count(compose(replace(SHOT, time=13.0), FROM_ABOVE, CRASH), video_drawing.RED, edge) > WIDTH


def test_the_worst_of_a_faultless_drive_is_not_framed_as_a_failure() -> None:
    calm = CRASH._replace(failed=False)
    assert count(compose(SHOT, FROM_ABOVE, CRASH), video_drawing.RED) > 300  # the words that count down
    assert count(compose(SHOT, FROM_ABOVE, calm), video_drawing.AMBER) > 300
    assert (
        count(compose(SHOT, FROM_ABOVE, calm), video_drawing.RED)
        == count(compose(replace(SHOT, time=12.0), FROM_ABOVE, calm), video_drawing.RED)
        == 0
    )


def test_steering_and_lateral_error_lean_to_their_side() -> None:
    def lean(**changes: float) -> float:
        part = np.s_[CAMERA_HEIGHT + 139 : CAMERA_HEIGHT + 154, MAP_SIZE[0] :]
        if "lateral_error" in changes:
            part = np.s_[CAMERA_HEIGHT + 84 : CAMERA_HEIGHT + 99, MAP_SIZE[0] :]
        return middle(compose(replace(SHOT, **changes), FROM_ABOVE, CRASH), video_drawing.BLUE, part)

    assert lean(steering=0.5) < lean(steering=-0.5)
    assert lean(lateral_error=0.4) < lean(lateral_error=-0.4)


def test_the_place_in_the_lane_turns_red_with_a_wheel_past_the_marking() -> None:
    inside, outside = (compose(replace(SHOT, lateral_error=error), FROM_ABOVE, CRASH) for error in (0.7, 0.9))
    assert count(inside, video_drawing.RED, INSTRUMENTS) == 0
    assert count(outside, video_drawing.RED, INSTRUMENTS) > 50


def test_the_brake_has_another_colour_than_the_throttle() -> None:
    throttle, brake = (compose(replace(SHOT, acceleration=value), FROM_ABOVE, CRASH) for value in (0.5, -0.5))
    assert count(throttle, video_drawing.AMBER, INSTRUMENTS) == 0
    assert count(brake, video_drawing.AMBER, INSTRUMENTS) > 300


def test_words_are_legible_ink_on_their_ground() -> None:
    frame = np.zeros((60, 400, 3), np.uint8)
    video_drawing.write(frame, 10, 40, "wrong way", 20, (255, 255, 255))
    assert 300 < count(frame, (255, 255, 255)) < 3000
    assert frame[:, :8].max() == 0


def test_the_room_in_a_lane_is_what_is_left_beside_the_car() -> None:
    assert video.room_in_lane(3.5, 1.9) == pytest.approx(0.8)
    assert video.room_in_lane(1.8, 1.9) > 0.0


def clip(**changes: float) -> list[Shot]:
    """Shots from 8 to 14 s, all alike but for the changes from 11 s on."""
    return [replace(SHOT, time=8.0 + 0.05 * k, **(changes if k >= 60 else {})) for k in range(121)]


def test_the_moment_stands_red_in_the_traces_where_its_time_is() -> None:
    strip = video_traces.CommandTraces(clip(), CRASH).at(13.9)
    assert strip.shape == (video_traces.HEIGHT, WIDTH, 3)
    line = middle(strip, video_drawing.RED, np.s_[: video_traces._LANES[1][1]])
    share = (line - video_traces._LEFT) / (video_traces._RIGHT - video_traces._LEFT)
    assert share == pytest.approx((12.0 - 8.0) / 6.0, abs=0.01)


def test_a_calm_moment_is_not_red() -> None:
    strip = video_traces.CommandTraces(clip(), CRASH._replace(failed=False)).at(13.9)
    assert count(strip, video_drawing.RED) == 0 < count(strip, video_drawing.AMBER)


def test_commands_light_up_as_their_time_comes() -> None:
    traces = video_traces.CommandTraces(clip(acceleration=-0.8), CRASH)
    braking = [count(traces.at(time), video_drawing.AMBER) for time in (8.5, 12.5, 14.0)]
    assert braking[0] < braking[1] < braking[2]


def test_steering_left_goes_up_and_braking_goes_down() -> None:
    def height(lane: int, shade: tuple[int, int, int], **changes: float) -> float:
        top, bottom = video_traces._LANES[lane]
        strip = video_traces.CommandTraces(clip(**changes), CRASH).at(14.0)
        right = np.s_[top - 4 : bottom + 5, WIDTH - 200 : WIDTH - 40]
        return float(np.mean(np.nonzero(np.all(strip[right] == shade, axis=-1))[0]))

    assert height(0, video_drawing.BLUE, steering=0.8) < height(0, video_drawing.BLUE, steering=-0.8)
    assert height(1, video_drawing.AMBER, acceleration=-0.9) > height(1, video_drawing.AMBER, acceleration=-0.2)


def test_a_clip_is_h264_and_keeps_frames_size_rate_and_colours() -> None:
    av = pytest.importorskip("av")
    shades = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
    frames = [np.full((64, 96, 3), shade, np.uint8) for shade in shades for _ in range(10)]
    with av.open(io.BytesIO(encode(iter(frames), 20.0))) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert float(stream.average_rate) == 20.0
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    assert len(decoded) == 30
    for image, frame in zip(decoded, frames, strict=True):
        assert np.abs(image.astype(int) - frame).max() < 12


def test_there_is_no_clip_of_nothing() -> None:
    pytest.importorskip("av")
    with pytest.raises(ValueError, match="at least one frame"):
        encode([], 20.0)


def test_a_still_is_a_jpeg() -> None:
    assert jpeg(CAMERA)[:3] == b"\xff\xd8\xff"
