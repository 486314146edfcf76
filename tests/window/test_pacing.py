"""Images come when it is time, by a clock that the test turns."""

from __future__ import annotations

import pytest

from drive_sim.window.pacing import MADE_UP, ImagePacer
from drive_sim.window.playback import Playback

PERIOD = 0.05


class Clock:
    """Time passes in waits and in drawing."""

    def __init__(self) -> None:
        self.now, self.waited = 100.0, 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.waited += seconds


def drive(clock: Clock, steps: int, drawing: float, hitch: tuple[int, float] = (-1, 0.0)) -> list[tuple[float, float]]:
    """(time since the start, share) of every image of so many steps; drawing one takes so many seconds."""
    pacer = ImagePacer(clock=clock, wait=clock.wait)
    images = []
    for step in range(steps):
        clock.now += hitch[1] if step == hitch[0] else 0.0
        for share in pacer.images(PERIOD):
            images.append((clock.now - 100.0, share))
            clock.now += drawing
    return images


def test_sixty_images_a_second_over_twenty_steps():
    clock = Clock()
    images = drive(clock, 40, drawing=0.01)
    assert len(images) == 120
    assert [share for _, share in images[:3]] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert [time for time, _ in images] == pytest.approx([k / 60.0 for k in range(120)])
    assert clock.now - 100.0 == pytest.approx(40 * PERIOD), "two seconds of driving take two seconds"


def test_a_slow_machine_keeps_the_time_with_fewer_images():
    clock = Clock()
    images = drive(clock, 40, drawing=0.03)
    assert clock.now - 100.0 == pytest.approx(40 * PERIOD, abs=2 * PERIOD)
    assert 40 < len(images) < 80
    assert clock.waited < 0.1


def test_however_slow_every_step_is_shown():
    images = drive(Clock(), 20, drawing=0.4)
    assert [share for _, share in images].count(1.0) == 20


def test_a_long_pause_is_not_made_up_for():
    clock = Clock()
    images = drive(clock, 40, drawing=0.0, hitch=(20, 5.0))
    assert clock.now - 100.0 == pytest.approx(40 * PERIOD + 5.0 - MADE_UP, abs=PERIOD)
    after = [time for time, _ in images if time >= 5.0 + 20 * PERIOD]
    assert after[-1] - after[0] > 18 * PERIOD - MADE_UP, "no rush"


def test_a_short_hitch_is_made_up_for():
    clock = Clock()
    drive(clock, 40, drawing=0.005, hitch=(20, 0.8 * MADE_UP))
    assert clock.now - 100.0 == pytest.approx(40 * PERIOD)


class TestPlayback:
    def test_it_goes_at_the_recorded_pace_and_ends(self):
        playback = Playback(steps=40, period=PERIOD)
        playback.advance(1.01)
        assert (playback.step, playback.over) == (20, False)
        assert playback.share == pytest.approx(0.2)
        playback.advance(0.98)
        assert (playback.step, playback.share, playback.over) == (39, 0.0, False)
        playback.advance(0.02)
        assert playback.over

    def test_paused_it_stands_still_but_can_be_moved(self):
        playback = Playback(steps=40, period=PERIOD)
        playback.paused = True
        playback.advance(10.0)
        assert playback.step == 0
        playback.leap(1.0)
        assert playback.step == 20
        playback.leap(-3.0)
        assert playback.step == 0
        playback.leap(9.0)
        assert playback.step == 39 and not playback.over
        playback.leap(1.0)
        assert playback.over, "on from the last step: keys in quick succession must not hold it there for ever"
