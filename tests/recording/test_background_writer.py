"""Work behind its caller's back: in order, never far behind, and no mistake is lost."""

from __future__ import annotations

import threading

import pytest

from drive_sim.recording.background_writer import Behind


@pytest.mark.parametrize("most", [0, 1, 4])
def test_calls_are_made_in_order_and_never_further_behind_than_allowed(most: int) -> None:
    behind, made = Behind(most), []
    for number in range(50):
        behind.do(made.append, number)
        assert number + 1 - len(made) <= most
    behind.settle()
    assert made == list(range(50))


def test_the_caller_goes_on_meanwhile() -> None:
    behind, gate, made = Behind(2), threading.Event(), []
    behind.do(gate.wait)
    behind.do(made.append, threading.get_ident())
    assert made == []
    gate.set()
    behind.settle()
    assert made == [threading.get_ident()]


def test_a_mistake_is_told_at_the_latest_when_all_is_settled_and_ends_what_was_behind_it() -> None:
    behind, gate, made = Behind(3), threading.Event(), []

    def fail() -> None:
        gate.wait()
        raise OSError("no")

    behind.do(fail)
    behind.do(made.append, 1)
    gate.set()
    with pytest.raises(OSError, match="no"):
        behind.settle()
    assert made in ([], [1])
    made.clear()
    behind.do(made.append, 2)
    behind.settle()
    assert made == [2]
