"""Angles and frames. ISO 8855: x forward, y left, yaw positive counter-clockwise; metres and radians."""

from __future__ import annotations

import math

from drive_sim.compute.kernel import scalar


@scalar
def wrap_angle(angle):
    """The same direction [rad] in [-pi, pi)."""
    return angle - 2.0 * math.pi * math.floor((angle + math.pi) / (2.0 * math.pi))


@scalar
def to_local(x, y, origin_x, origin_y, yaw):
    """World point (x, y) [m] seen from a frame at the origin with heading ``yaw`` [rad]: (forward, left) [m]."""
    dx, dy = x - origin_x, y - origin_y
    c, s = math.cos(yaw), math.sin(yaw)
    return c * dx + s * dy, c * dy - s * dx


@scalar
def to_world(forward, left, origin_x, origin_y, yaw):
    """Inverse of `to_local`: (x, y) [m] in the world."""
    c, s = math.cos(yaw), math.sin(yaw)
    return origin_x + c * forward - s * left, origin_y + s * forward + c * left
