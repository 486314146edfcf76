"""The background queue keeps the order and its bound, and loses no error."""

from __future__ import annotations

import threading

import pytest

from drive_sim.recording.background_writer import BackgroundQueue


@pytest.mark.parametrize("most", [0, 1, 4])
def test_calls_are_made_in_order_and_no_more_wait_than_allowed(most: int) -> None:
    queue, made = BackgroundQueue(most), []
    for number in range(50):
        queue.do(made.append, number)
        assert number + 1 - len(made) <= most
    queue.settle()
    assert made == list(range(50))


def test_the_caller_goes_on_meanwhile() -> None:
    queue, gate, made = BackgroundQueue(2), threading.Event(), []
    queue.do(gate.wait)
    queue.do(made.append, threading.get_ident())
    assert made == []
    gate.set()
    queue.settle()
    assert made == [threading.get_ident()]


def test_an_error_is_raised_when_all_is_settled_at_the_latest_and_later_calls_are_forgotten() -> None:
    queue, gate, made = BackgroundQueue(3), threading.Event(), []

    def fail() -> None:
        gate.wait()
        raise OSError("no")

    queue.do(fail)
    queue.do(made.append, 1)
    gate.set()
    with pytest.raises(OSError, match="no"):
        queue.settle()
    assert made in ([], [1])
    made.clear()
    queue.do(made.append, 2)
    queue.settle()
    assert made == [2]
