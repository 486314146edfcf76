"""The order of tests loses none, and gives each process another beginning."""

from __future__ import annotations

from tests.base.order import order_for

PATHS = ["base/test_a.py"] * 3 + ["envs/test_b.py"] * 6 + ["sensors/camera/test_c.py"] * 4 + ["world/test_d.py"] * 3


def test_one_process_keeps_the_order() -> None:
    assert order_for(PATHS, 1) == list(range(16))


def test_the_first_process_begins_with_the_camera_and_the_second_with_what_renders_nothing() -> None:
    order = order_for(PATHS, 2)
    assert [PATHS[number] for number in order[:4]] == ["sensors/camera/test_c.py"] * 4
    assert order[8:14] == [0, 1, 2, 13, 14, 15]


def test_every_test_runs_once_on_any_number_of_processes() -> None:
    for processes in range(1, 20):
        for count in (0, 1, 5, 16):
            assert sorted(order_for(PATHS[:count], processes)) == list(range(count))
