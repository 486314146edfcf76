"""Boxes meet where a ruler says, and nothing passes through anything."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drive_sim.world.collision import NO_CONTACT, box_distance, boxes_touch, make_box, swept_contact, translated_contact

coordinate = st.floats(-6.0, 6.0)
angle = st.floats(-math.pi, math.pi)
side = st.floats(0.3, 6.0)
box = st.builds(make_box, coordinate, coordinate, angle, side, side)


def corners(one):
    x, y, c, s, length, width = one
    return [
        (x + c * a - s * b, y + s * a + c * b)
        for a, b in ((length, width), (-length, width), (-length, -width), (length, -width))
    ]


def edge_points(one, count=60):
    """Points all along the edges."""
    ends = np.array(corners(one))
    shares = np.linspace(0.0, 1.0, count, endpoint=False)[:, None]
    return np.concatenate([ends[i] + shares * (ends[(i + 1) % 4] - ends[i]) for i in range(4)])


def inside(one, points):
    x, y, c, s, length, width = one
    dx, dy = points[:, 0] - x, points[:, 1] - y
    return (np.abs(c * dx + s * dy) <= length) & (np.abs(c * dy - s * dx) <= width)


def moved(one, x, y):
    return (one[0] + x, one[1] + y, *one[2:])


def test_boxes_side_by_side():
    a = make_box(0.0, 0.0, 0.0, 4.0, 2.0)
    assert box_distance(a, make_box(5.0, 0.0, 0.0, 4.0, 2.0)) == pytest.approx(1.0)
    assert box_distance(a, make_box(0.0, 3.5, math.pi, 4.0, 2.0)) == pytest.approx(1.5)
    assert box_distance(a, make_box(7.0, 6.0, 0.0, 4.0, 2.0)) == pytest.approx(5.0)
    assert box_distance(a, make_box(3.0, 0.0, math.pi / 4, 0.8, 0.8)) == pytest.approx(1.0 - 0.4 * math.sqrt(2.0))
    assert boxes_touch(a, make_box(3.9, 0.0, 0.0, 4.0, 2.0))
    assert not boxes_touch(a, make_box(4.1, 0.0, 0.0, 4.0, 2.0))


def test_near_circles_are_not_near_boxes():
    a = make_box(0.0, 0.0, 0.0, 4.0, 2.0)
    assert not boxes_touch(a, make_box(2.6, 1.6, -math.pi / 4, 2.0, 0.2))
    assert boxes_touch(a, make_box(2.05, 1.05, -math.pi / 4, 2.0, 0.2))


@settings(max_examples=200, deadline=None)
@given(box, box)
@pytest.mark.slow
def test_distance_agrees_with_points_along_the_edges(a, b):
    distance = box_distance(a, b)
    assert distance == pytest.approx(box_distance(b, a), abs=1e-9)
    gap = edge_points(a)[:, None, :] - edge_points(b)[None, :, :]
    sampled = np.hypot(gap[..., 0], gap[..., 1]).min()
    if distance > 0.0:
        assert distance <= sampled + 1e-9
        assert sampled < distance + 0.2  # points lie 0.1 m apart at most
    elif not (inside(a, edge_points(b)).any() or inside(b, edge_points(a)).any()):
        assert sampled < 0.1


@settings(max_examples=200, deadline=None)
@given(box, box, st.floats(-10.0, 10.0), st.floats(-10.0, 10.0))
@pytest.mark.slow
def test_a_sweep_ends_at_the_first_touch(a, b, x, y):
    time = translated_contact(a, b, x, y)
    if time == NO_CONTACT:
        for share in np.linspace(0.0, 1.0, 50):
            assert not boxes_touch(a, moved(b, share * x, share * y)) or box_distance(a, b) < 1e-9
        return
    assert box_distance(a, moved(b, time * x, time * y)) < 1e-6
    for share in np.linspace(0.0, 0.99, 10):
        early = moved(b, share * time * x, share * time * y)
        assert time == 0.0 or not boxes_touch(a, early)


@pytest.mark.parametrize("speed", [40.0, 80.0, 200.0])
def test_nothing_tunnels_through_a_cone(speed):
    step = speed * 0.05
    cone = (1.0 + 0.37 * step, 0.6, 0.0)
    time = swept_contact((0.0, 0.0, 0.0), (step, 0.0, 0.0), (0.4, 1.6), cone, cone, (0.4, 0.4))
    assert time == pytest.approx((cone[0] - 0.4) / step)
    beside = (cone[0], 1.01, 0.0)
    assert swept_contact((0.0, 0.0, 0.0), (step, 0.0, 0.0), (0.4, 1.6), beside, beside, (0.4, 0.4)) == NO_CONTACT


def test_two_that_swap_places_have_met():
    a, b = (0.0, 0.0, 0.0), (4.0, 0.3, math.pi)
    assert swept_contact(a, (4.0, 0.0, 0.0), (1.0, 1.0), b, (0.0, 0.3, math.pi), (1.0, 1.0)) == pytest.approx(3.0 / 8.0)


@settings(max_examples=100, deadline=None)
@given(coordinate, coordinate, angle, st.floats(-0.3, 0.3), st.floats(-3.0, 3.0), st.floats(-3.0, 3.0))
def test_a_turning_sweep_sees_what_many_snapshots_see(x, y, yaw, turn, move_x, move_y):
    still, size, other = (0.0, 0.0, 0.4), (4.5, 1.6), (4.0, 2.0)
    time = swept_contact(still, still, size, (x, y, yaw), (x + move_x, y + move_y, yaw + turn), other)
    # Each slice keeps one heading: corners are out of place by its half turn times the half diagonal at most.
    off = 0.5 * max(0.02, abs(turn) / 8) * math.hypot(*other) / 2.0
    a = make_box(*still, *size)

    def snapshots(length, width):
        poses = [(x + s * move_x, y + s * move_y, yaw + s * turn) for s in np.linspace(0.0, 1.0, 200)]
        return [box_distance(a, make_box(*pose, length, width)) for pose in poses]

    if time == NO_CONTACT:
        assert min(snapshots(other[0] - 2.0 * off, other[1] - 2.0 * off)) > 0.0
    else:
        assert min(snapshots(*other)) < off + 0.05  # between two snapshots it moves by 2 cm
