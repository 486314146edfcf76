"""Two checkouts measured in turn: what is told of the pairs, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scripts import compare_speed


def test_ratios_are_of_neighbouring_measurements() -> None:
    slower_and_slower = np.array([[100.0, 110.0], [50.0, 55.0], [10.0, 11.0], [1.0, 2.0], [1.0, 0.5]])
    median, line = compare_speed.told("step", slower_and_slower)
    assert median == pytest.approx(1.1)
    assert line == (
        "step: 5 pairs, median of ratios 1.100 (quartiles 1.100-1.100); medians 10 and 11 steps/s of processor time, "
        "fastest 100 and 110"
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give two checkouts, OLD and NEW"),
        (["none", "none"], "none is no checkout; make one with git worktree add FOLDER COMMIT"),
    ],
)
def test_what_is_no_checkout_is_refused(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        compare_speed.main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.strip().endswith(told)


@pytest.mark.slow
def test_a_checkout_is_compared_with_itself(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [str(repository), str(repository), "--what", "step", "--pairs", "1", "--size", "32", "--at-least", "1e9"]
    assert compare_speed.main(command) == 1
    assert capsys.readouterr().out.startswith("step: 1 pairs, median of ratios ")


@pytest.mark.slow
def test_training_is_measured_in_views_a_second() -> None:
    assert compare_speed.training(32)() > 0.0
