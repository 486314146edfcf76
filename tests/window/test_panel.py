"""What the panel shows, looked for by its colours; needs no screen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pygame
import pytest

from drive_sim.window.app import REPLAY_HELP
from drive_sim.window.display import MAP_WIDTH, WINDOW_SIZE, Banner, draw_banner, largest_box
from drive_sim.window.lettering import AMBER, BLUE, CARD, GREEN, RED, Shade, fitted, text
from drive_sim.window.observer import COMMON_HELP, HELP
from drive_sim.window.panel import Dashboard, Panel

SIZE = (WINDOW_SIZE[0] - MAP_WIDTH, WINDOW_SIZE[1])
IMAGE = slice(36, 230)
"""Rows of the camera's image."""
QUIET = Dashboard(
    image=np.zeros((66, 200, 3), np.uint8),
    speed=10.0,
    limit=20.0,
    steering=0.0,
    acceleration=0.0,
    force=(0.0, 0.0),
    lane_offset=0.0,
    lane_width=3.5,
    car_width=1.6,
    title="nobody on a road",
    progress=0.0,
    time=12.3,
    help=(("R", "record"), ("Esc", "leave")),
)


def drawn(**changes) -> np.ndarray:
    """The panel's pixels (H, W, 3)."""
    surface = pygame.Surface(SIZE)
    Panel(SIZE).draw(surface, replace(QUIET, **changes))
    return pygame.surfarray.array3d(surface).swapaxes(0, 1)


def shaded(pixels: np.ndarray, shade: Shade) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns) of the pixels of this colour."""
    return np.nonzero(alike(pixels, shade))


def alike(pixels: np.ndarray, shade: Shade) -> np.ndarray:
    """Where pixels have this colour, but for what smoothing rounds away."""
    return (abs(pixels.astype(int) - shade) < 6).all(axis=-1)


def added(shade: Shade, **changes) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns) of the pixels that have this colour because of the changes."""
    was, now = (alike(drawn(**some), shade) for some in ({}, changes))
    return np.nonzero(now & ~was)


@pytest.mark.parametrize(("rows", "columns"), [(66, 200), (132, 200), (200, 200), (480, 64), (8, 4096)])
def test_an_image_of_any_shape_leaves_the_gauges_their_room(rows: int, columns: int):
    bright = np.full((rows, columns, 3), (250, 5, 250), np.uint8)
    keys = tuple((letter, "does something") for letter in "ABCDEFGHIJ")
    top, left = shaded(drawn(image=bright, steering=0.5, help=keys), (250, 5, 250))
    shown = (np.ptp(top) + 1) / (np.ptp(left) + 1)
    assert shown == pytest.approx(rows / columns, rel=0.05, abs=0.01)
    assert abs(left.min() + left.max() - (SIZE[0] - 1)) <= 2, "in the middle"
    gauges = shaded(drawn(image=bright, steering=0.5, help=keys, force=(99.0, 0.0)), BLUE)[0]
    assert gauges.size and gauges.min() > top.max()


def test_the_light_is_on_when_recording_only():
    assert not shaded(drawn()[IMAGE], RED)[0].size
    assert shaded(drawn(recording=0.2)[IMAGE], RED)[0].size > 50


def test_the_light_blinks_with_the_recordings_own_time():
    lit = [bool(shaded(drawn(recording=seconds)[IMAGE], RED)[0].size) for seconds in (0.1, 0.8, 1.1, 1.8)]
    assert lit == [True, False, True, False]


@pytest.mark.parametrize(("steering", "side"), [(0.5, -1), (-0.5, 1)])
def test_the_steering_bar_goes_where_the_car_goes(steering: float, side: int):
    _, straight = shaded(drawn(force=(99.0, 0.0)), BLUE)
    assert not straight.size
    _, columns = shaded(drawn(force=(99.0, 0.0), steering=steering), BLUE)
    centre = 0.5 * (104 + 16 + 16 + SIZE[0] - 20 - 16) - 8
    assert columns.size
    assert (side * (columns - centre) > -2).all(), "all of it on one side"
    assert abs(columns - centre).max() == pytest.approx(0.25 * 460, abs=6), "half of the way"


def test_throttle_is_green_and_brake_red():
    none = (np.empty(0), np.empty(0))
    assert added(GREEN, acceleration=0.6)[0].size > 500
    np.testing.assert_array_equal(added(RED, acceleration=0.6), none)
    assert added(RED, acceleration=-0.6)[0].size > 500
    np.testing.assert_array_equal(added(GREEN, acceleration=-0.6), none)


def test_a_fuller_throttle_is_a_longer_bar():
    lengths = [added(GREEN, acceleration=value)[1].max() for value in (0.25, 0.5, 1.0)]
    assert lengths[1] - lengths[0] == pytest.approx(0.25 * 460, abs=4)
    assert lengths[2] - lengths[1] == pytest.approx(0.5 * 460, abs=4)


@pytest.mark.parametrize(("force", "axis", "sign"), [((4.0, 0.0), 0, -1), ((-4.0, 0.0), 0, 1), ((0.0, 4.0), 1, -1)])
def test_the_g_meter_points_where_the_car_is_pushed(force: tuple[float, float], axis: int, sign: int):
    rest, pushed = (np.mean(shaded(drawn(force=f), BLUE), axis=1) for f in ((0.0, 0.0), force))
    assert sign * (pushed - rest)[axis] == pytest.approx(28, abs=3)
    assert (pushed - rest)[1 - axis] == pytest.approx(0, abs=1)


def test_the_car_is_shown_in_its_lane_and_over_the_marking():
    middle, left = (added(GREEN, lane_offset=offset)[1] for offset in (-0.9, 0.9))
    assert left.min() < middle.min()
    assert not shaded(drawn(lane_offset=0.9), AMBER)[0].size
    assert shaded(drawn(lane_offset=1.2), AMBER)[0].size, "a wheel is on the marking"


def test_too_fast_is_amber():
    assert not shaded(drawn(speed=20.5), AMBER)[0].size
    assert shaded(drawn(speed=22.0), AMBER)[0].size > 200


def test_bad_news_are_red_and_fade():
    sizes = [added(RED, status="off the road", alarm=True, freshness=share)[0].size for share in (1.0, 0.4, 0.0)]
    assert sizes[0] > 20 and sizes[1:] == [0, 0]
    np.testing.assert_array_equal(drawn(status="off the road", freshness=0.0), drawn())
    assert (drawn(status="off the road", alarm=True, freshness=0.4) != drawn()).any()


def test_a_long_title_stays_in_its_card():
    words = "a-model-with-a-very-long-name on obstacle-avoidance/crossing-pedestrian, in the fog of a november night"
    assert fitted(words, 24, (255, 255, 255), 300).get_width() <= 300
    assert fitted("short", 24, (255, 255, 255), 300) is text("short", 24, (255, 255, 255))


def test_every_key_has_room_in_the_window():
    pairs = tuple((f"key {k}", "what it does") for k in range(8))
    bottom = drawn(help=pairs)[-14:]
    assert (bottom == bottom[0, 0]).all()


@pytest.mark.parametrize("lines", [*HELP.values(), COMMON_HELP, REPLAY_HELP], ids=[*HELP, "common", "replay"])
def test_the_font_has_every_letter_of_the_help(lines: tuple[tuple[str, str], ...]):
    pygame.font.init()
    font = pygame.font.Font(None, 40)

    def shape(letter: str) -> bytes:
        return pygame.image.tobytes(font.render(letter, True, (255, 255, 255)), "RGBA")

    letters = set("".join(key + meaning for key, meaning in lines) + "…×")
    assert not [letter for letter in letters if shape(letter) == shape("\ue000")], "not drawn as what nobody has"


@pytest.mark.parametrize(("good", "shade"), [(True, GREEN), (False, RED)])
def test_the_banner_is_large_and_says_how_it_ended(good: bool, shade: Shade):
    surface = pygame.Surface((MAP_WIDTH, SIZE[1]))
    surface.fill(CARD)
    draw_banner(surface, Banner("Collision with a pedestrian or cyclist", "612 m in 38.2 s", good))
    pixels = pygame.surfarray.array3d(surface).swapaxes(0, 1)
    assert shaded(pixels, shade)[0].size > 300
    rows, columns = np.nonzero((pixels != CARD).any(axis=-1))
    assert rows.max() - rows.min() > 100 and rows.max() < 0.5 * SIZE[1], "large, and above the car"
    assert columns.min() > 0 and columns.max() < MAP_WIDTH - 1, "all of it on the map"


@pytest.mark.parametrize(
    ("window", "box"),
    [
        ((1280, 720), (0, 0, 1280, 720)),
        ((1920, 1080), (0, 0, 1920, 1080)),
        ((900, 700), (0, 97, 900, 506)),
        ((3000, 720), (860, 0, 1280, 720)),
    ],
)
def test_the_image_keeps_its_shape_in_any_window(window: tuple[int, int], box: tuple[int, int, int, int]):
    assert tuple(largest_box(window)) == box
