"""Obstacles as they are drawn: each demands a reaction, and each that stands leaves a way out."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.scenarios.scenario import SPLITS
from drive_sim.world.state import ACTOR_CONE, ACTOR_DEBRIS, ACTOR_PEDESTRIAN, MOTION_STATIC
from tests.world.scenarios.obstacles import EGO_LENGTH, EGO_WIDTH, lane_edges, room_beside, scored

IN_THE_LANE = ("parked-car", "broken-down-car", "cones", "debris")
STANDING = (*IN_THE_LANE, "broken-down-lorry")


@pytest.mark.slow
def test_lane_keeping_demands_no_reaction_and_obstacle_avoidance_does(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    for (_, name), draws in episodes.items():
        for episode in draws:
            if name.startswith(("lane-keeping/", "weather/", "circuits/")):
                assert not scored(episode)
            elif name.endswith("mixed"):
                assert 2 <= len(scored(episode)) <= 3
            elif name.endswith("double-parked") or episode.variant == "person-before-vehicle":
                assert len(scored(episode)) == 2
            else:
                assert len(scored(episode)) == 1


@pytest.mark.slow
def test_every_kind_has_its_variants_and_they_are_what_their_names_say(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    """Each of a dozen draws; near ones are met sooner than far ones, and on the side that is named."""
    for (split, name), draws in episodes.items():
        if not name.endswith((*STANDING, "crossing-pedestrian")):
            continue
        assert {episode.variant for episode in draws} == {
            f"{side}-{distance}-{notice}"
            for side in ("left", "right")
            for distance in ("near", "far")
            for notice in ("visible", "late")
        }, (split, name)
        for episode in draws:
            (actor,) = scored(episode)
            side, distance, notice = episode.variant.split("-")
            assert (actor.start_d > episode.road.lane_centre(episode.lane)) == (side == "left")
            first = min(a.start_s for a in episode.actors if a.kind == actor.kind and not a.heedless) - episode.start_s
            assert first < 91.0 if distance == "near" else first > 79.0, name
            hiding = [
                other for other in episode.actors if other.heedless or (other.length > 7.0 and other is not actor)
            ]
            assert len(hiding) == (notice == "late")


@pytest.mark.slow
def test_what_stands_in_the_lane_can_be_passed(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    """It reaches into the lane; beside it there is a car's width and 80 cm to either side, or 30 cm on its right."""
    for (_, name), draws in episodes.items():
        if not name.endswith(IN_THE_LANE):
            continue
        for episode in draws:
            (actor,) = scored(episode)
            lane_right, lane_left = lane_edges(episode)
            right, left = room_beside(episode, actor)
            assert actor.motion == MOTION_STATIC
            if episode.variant.startswith("left") and actor.kind != ACTOR_DEBRIS:
                assert actor.start_d - 0.5 * actor.width < lane_left - 0.3
                assert right > EGO_WIDTH + 0.6
                continue
            assert actor.start_d + 0.5 * actor.width > lane_right + 0.3
            assert left > EGO_WIDTH + 1.6
            # How far the ego has to move over, passing at half a metre.
            offset = actor.start_d + 0.5 * actor.width + 0.5 + 0.5 * EGO_WIDTH - episode.road.lane_centre(episode.lane)
            assert -0.5 < offset < 3.0


@pytest.mark.slow
def test_what_stands_in_the_lane_cannot_be_passed_within_it(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    """At most 40 cm are left to a car in the middle of the lane: too little to be called passing."""
    for (_, name), draws in episodes.items():
        if name.endswith(STANDING):
            for episode in draws:
                centre = episode.road.lane_centre(episode.lane)
                (actor,) = scored(episode)
                room = abs(actor.start_d - centre) - 0.5 * (actor.width + EGO_WIDTH)
                assert room < 0.4, (name, episode.variant)


@pytest.mark.slow
def test_what_stands_in_the_lane_is_seen_in_time(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    for (_, name), draws in episodes.items():
        if not name.endswith((*IN_THE_LANE, "crossing-pedestrian")):
            continue
        for episode in draws:
            road, (actor, *_) = episode.road, scored(episode)
            first = min(other.start_s for other in episode.actors if other.kind == actor.kind and not other.heedless)
            assert 47.0 <= first - episode.start_s <= 351.0
            x, y, _ = road.point(first, 0.0)
            distances = (50.0, 40.0) if "near" in episode.variant else (70.0, 50.0)
            for distance in distances:
                eye_x, eye_y, heading = road.point(max(first - distance, episode.start_s), 0.0)
                bearing = math.atan2(y - eye_y, x - eye_x) - heading
                assert abs(math.remainder(bearing, 2.0 * math.pi)) < math.radians(21.0)
            near = slice(int((first - 20.0) / road.step), int((first + 20.0) / road.step))
            assert np.abs(road.curvature[near]).max() < 1.0 / 149.0
            stopping = episode.start_speed + episode.start_speed**2 / 11.0
            assert stopping < first - episode.start_s - 0.5 * (actor.length + EGO_LENGTH), "1 s and 5.5 m/s² suffice"
            assert first < episode.start_s + episode.route_length - 40.0


@pytest.mark.slow
def test_a_row_of_cones_leads_into_the_lane_and_counts_once(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/cones"]:
            cones = [actor for actor in episode.actors if not actor.heedless]
            assert 4 <= len(cones) <= 6 and all(cone.kind == ACTOR_CONE for cone in cones)
            side = -1.0 if episode.variant.startswith("left") else 1.0
            reach = [side * cone.start_d + 0.5 * cone.width for cone in cones]
            assert all(later > earlier for earlier, later in pairwise(reach))
            assert [cone.demands_reaction for cone in cones] == [False] * (len(cones) - 1) + [True]


@pytest.mark.slow
def test_a_broken_down_lorry_leaves_a_side_to_pass_on(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    seen = {"right": 0, "left": 0}
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/broken-down-lorry"]:
            (lorry,) = scored(episode)
            seen["right" if lorry.direction == 1 else "left"] += 1
            right, left = room_beside(episode, lorry)
            assert (left > EGO_WIDTH + 0.8) if lorry.direction == 1 else (right > EGO_WIDTH + 0.35)
            distance = lorry.start_s - episode.start_s - 0.5 * (lorry.length + EGO_LENGTH)
            assert episode.start_speed + episode.start_speed**2 / 11.0 < distance, "one can stop in 1 s and at 5.5 m/s²"
    assert min(seen.values()) >= 5


@pytest.mark.slow
def test_cars_parked_on_both_sides_are_apart_enough_to_wind_through(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/double-parked"]:
            *before, first, opposite, third = sorted(episode.actors, key=lambda actor: actor.start_s)
            assert len(before) == episode.variant.startswith("left") and not scored(episode)[2:]
            assert first.demands_reaction and third.demands_reaction and not opposite.demands_reaction
            for actor, later in pairwise((*before, first, opposite, third)):
                assert later.start_s - actor.start_s - 0.5 * (actor.length + later.length) > 12.0
            assert room_beside(episode, first)[1] > EGO_WIDTH + 1.6
            assert room_beside(episode, opposite)[0] > EGO_WIDTH + 0.8
            assert room_beside(episode, third)[1] > EGO_WIDTH + 1.6


@pytest.mark.slow
def test_a_narrow_gap_is_a_car_and_half_a_metre_on_either_side(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    kinds = set()
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/narrow-gap"]:
            (marked,) = scored(episode)
            half = 0.5 * episode.road.lane_width
            lane_right, lane_left = lane_edges(episode)
            right = [a for a in episode.actors if a.start_d < episode.road.lane_centre(episode.lane)]
            left = [a for a in episode.actors if a not in right]
            edge = max(room_beside(episode, actor)[0] + actor.width for actor in right)
            gap = min(room_beside(episode, actor)[0] for actor in left) - edge
            assert marked in right and 0.45 < 0.5 * (gap - EGO_WIDTH) < 0.8
            # Whoever keeps to the lane's middle comes too near on the side away from the gap.
            if episode.variant.startswith("left"):
                assert max(a.start_d + 0.5 * a.width for a in right) > lane_left - half - 1.0
            else:
                assert min(a.start_d - 0.5 * a.width for a in left) < lane_right + half + 1.25
            kinds.add(marked.kind)
    assert ACTOR_CONE in kinds and len(kinds) >= 2


@pytest.mark.slow
def test_mixed_drives_bring_different_obstacles_apart_from_each_other(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    kinds = set()
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/mixed"]:
            places = sorted(actor.start_s for actor in scored(episode))
            assert all(later - earlier > 75.0 for earlier, later in pairwise(places))
            kinds |= {actor.kind for actor in scored(episode)}
    assert {ACTOR_CONE, ACTOR_DEBRIS, ACTOR_PEDESTRIAN} < kinds
