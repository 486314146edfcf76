"""Progress is a bar on a terminal and a few plain lines elsewhere."""

import io

import pytest

from drive_sim.base.progress import PLAIN_STEPS, show_progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_elsewhere_a_stage_is_told_in_lines_that_stay_few() -> None:
    stream = io.StringIO()
    with show_progress(stream) as stages:
        train = stages("train")
        for done in range(1001):
            train(done / 1000, f"loss {done}")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "train:   0 % loss 0"
    assert lines[3] == "train:  30 % loss 300"
    assert lines[-1] == "train: 100 % loss 1000"
    assert len(lines) == PLAIN_STEPS + 1


class Time:
    """A clock that is set by hand [s]."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(2.0, ""), (60.0, "about 55 s left"), (1_000.0, "about 15 min left"), (36_000.0, "about 9.0 h left")],
)
def test_elsewhere_lines_tell_about_how_long_it_goes_on(seconds: float, words: str) -> None:
    stream, clock = io.StringIO(), Time()
    with show_progress(stream, clock) as stages:
        train = stages("train")
        for done in range(1001):
            clock.now = 100.0 + seconds * done / 1000
            train(done / 1000, "loss 1")
    lines = stream.getvalue().splitlines()
    tenth = next(line for line in lines if line.startswith("train:  10 %"))
    assert tenth == "train:  10 % loss 1" + (f"; {words}" if words else "")
    assert lines[-1] == "train: 100 % loss 1"


def test_resumed_work_is_estimated_from_its_own_speed() -> None:
    stream, clock = io.StringIO(), Time()
    with show_progress(stream, clock) as stages:
        train = stages("train")
        train(0.0, "1 episode is left out")
        for share in (0.5, 0.6, 0.7):
            clock.now += 60.0
            train(share, "")
    assert stream.getvalue().splitlines()[-1] == "train:  70 % about 3 min left"


def test_elsewhere_a_long_stage_tells_more_often_at_first_and_never_a_lot() -> None:
    stream, clock = io.StringIO(), Time()
    with show_progress(stream, clock) as stages:
        train = stages("train")
        for done in range(100_000):
            clock.now += 1.0
            train(done / 100_000, "")
    lines = stream.getvalue().splitlines()
    assert lines[1] == "train:   0 % about 27.8 h left"
    assert 2 * PLAIN_STEPS < len(lines) < 8 * PLAIN_STEPS


def test_a_terminal_shows_the_time_left() -> None:
    stream, clock = Terminal(), Time()
    with show_progress(stream, clock) as stages:
        train = stages("train")
        for share in (0.1, 0.2, 0.3):
            clock.now += 60.0
            train(share, "")
    assert "0:07:00" in stream.getvalue()


def test_a_second_stage_begins_from_its_own_start() -> None:
    stream = io.StringIO()
    with show_progress(stream) as stages:
        stages("record")(1.0, "")
        stages("train")(0.0, "")
    assert stream.getvalue() == "record: 100 %\ntrain:   0 %\n"


def test_a_terminal_gets_bars_with_every_stage() -> None:
    stream = Terminal()
    with show_progress(stream) as stages:
        stages("record")(0.5, "")
        stages("train")(0.25, "loss 0.5")
    shown = stream.getvalue()
    for part in ("record", "50%", "train", "25%", "loss 0.5"):
        assert part in shown
