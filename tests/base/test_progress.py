"""Progress is a bar on a terminal and a few plain lines elsewhere."""

import io

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
