"""What the tests of obstacles measure."""

from __future__ import annotations

import math

from drive_sim.world.scenarios.episode import ActorSpec, Episode

EGO_WIDTH, EGO_LENGTH = 1.61, 4.51


def scored(episode: Episode) -> list[ActorSpec]:
    return [actor for actor in episode.actors if actor.demands_reaction]


def lane_edges(episode: Episode) -> tuple[float, float]:
    """d [m] of the right and left edge of the ego's lane."""
    centre, half = episode.road.lane_centre(episode.lane), 0.5 * episode.road.lane_width
    return centre - half, centre + half


def room_beside(episode: Episode, actor: ActorSpec) -> tuple[float, float]:
    """Pavement [m] to the right and to the left of where an actor begins, as wide as its corners at any yaw reach."""
    reach = 0.5 * (abs(math.cos(actor.yaw_offset)) * actor.width + abs(math.sin(actor.yaw_offset)) * actor.length)
    road = episode.road
    return actor.start_d - reach + road.paved_right[0], road.paved_left[0] - actor.start_d - reach
