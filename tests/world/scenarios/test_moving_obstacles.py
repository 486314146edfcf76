"""Actors that move, as they are drawn: leads, cut-ins, oncoming, crossing and walking ones leave a way out."""

from __future__ import annotations

import math

import pytest

from drive_sim.world.roads.careful_speed import careful_drive
from drive_sim.world.scenarios.encounters import GENTLE_DECELERATION
from drive_sim.world.scenarios.episode import ActorSpec, Episode
from drive_sim.world.scenarios.scenario import SPLITS
from drive_sim.world.state import (
    ACTION_LATERAL,
    ACTION_WALK,
    ACTOR_PEDESTRIAN,
    MOTION_LANE,
    MOTION_STATIC,
    TRIGGER_HEADWAY,
    TRIGGER_OWN_HEADWAY,
)
from tests.world.scenarios.obstacles import EGO_LENGTH, EGO_WIDTH, lane_edges, room_beside, scored
from tests.world.scenarios.test_obstacle_scenarios import STANDING


@pytest.mark.slow
def test_a_lead_goes_round_what_it_uncovers(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    """A half cosine takes it out of the way within its own headway, beside the pavement's edge and nobody's bumper."""
    seen = 0
    for (_, name), draws in episodes.items():
        for episode in draws:
            if not (name.endswith(STANDING) and "late" in episode.variant):
                continue
            (leader,) = (actor for actor in episode.actors if actor.heedless)
            standing = [actor for actor in episode.actors if actor is not leader]
            assert 18.0 < leader.start_s - episode.start_s < 46.0, "just ahead of the ego"
            for actor in standing:
                reach = 0.5 * (
                    abs(math.cos(actor.yaw_offset)) * actor.width + abs(math.sin(actor.yaw_offset)) * actor.length
                )
                room = abs(leader.action_d - actor.start_d) - 0.5 * leader.width - reach
                assert room > 0.1, (name, episode.variant)
            assert leader.action_d - 0.5 * leader.width > -episode.road.paved_right[0]
            seen += 1
    assert seen > 60


@pytest.mark.slow
def test_a_pedestrian_crosses_so_that_one_can_brake_gently_and_drive_on(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    sides = set()
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/crossing-pedestrian"]:
            (walker,) = scored(episode)
            if "late" in episode.variant:
                (lorry,) = (actor for actor in episode.actors if actor is not walker)
                assert 0.0 < walker.start_s - lorry.start_s - 0.5 * (lorry.length + walker.width) < 5.0
                assert abs(walker.start_d) - 0.5 * walker.width < abs(lorry.start_d) + 0.5 * lorry.width
            assert (walker.kind, walker.action, walker.trigger) == (ACTOR_PEDESTRIAN, ACTION_WALK, TRIGGER_HEADWAY)
            edge = episode.road.paved_left[0]
            assert abs(walker.start_d) > edge + 0.4 and abs(walker.action_d) > edge + 1.0
            assert walker.start_d * walker.action_d < 0.0, "to the other side"
            reaction_left = walker.trigger_value - 1.0
            assert episode.speed_limit / (2.0 * reaction_left) <= GENTLE_DECELERATION + 1e-9
            # An ego that keeps its speed would come while the walker is near its lane.
            at = walker.start_d + math.copysign(walker.trigger_value * walker.action_speed, walker.action_d)
            assert abs(at - episode.road.lane_centre(0)) < 0.5 * episode.road.lane_width + 2.2
            sides.add(walker.start_d > 0.0)
    assert sides == {True, False}


@pytest.mark.slow
def test_leads_are_slower_and_in_the_lane(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/slow-lead"]:
            (lead,) = scored(episode)
            assert len(episode.actors) == 1 + ("late" in episode.variant)
            assert 0.37 < lead.start_speed / episode.speed_limit < 0.73
            assert abs(lead.start_d - episode.road.lane_centre(episode.lane)) < 0.4
            assert lead.motion == MOTION_LANE and lead.desired_speed == lead.start_speed
            # The ego catches up well before the end.
            gap = lead.start_s - episode.start_s
            assert gap / (1.0 - lead.start_speed / episode.speed_limit) < 1.1 * (episode.route_length + 60.0)
        for episode in episodes[split, "obstacle-avoidance/braking-lead"]:
            (lead,) = scored(episode)
            gap = lead.start_s - episode.start_s - 0.5 * (lead.length + EGO_LENGTH)
            assert gap / episode.speed_limit > 0.7, "a headway that leaves time"
            assert lead.action_speed < 0.6 * lead.start_speed and 3.0 <= lead.action_rate <= 5.0
            assert lead.trigger_value * lead.start_speed < 0.9 * episode.route_length, "it brakes before the end"


@pytest.mark.slow
def test_a_car_cuts_in_from_the_lane_beside(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/cut-in"]:
            (other,) = scored(episode)
            ego = episode.road.lane_centre(episode.lane)
            assert abs(other.start_d - ego) == pytest.approx(episode.road.lane_width, abs=0.21)
            assert other.action == ACTION_LATERAL and abs(other.action_d - ego) <= 0.2
            closing = episode.speed_limit - other.start_speed
            gap = other.trigger_value * episode.speed_limit - EGO_LENGTH - 0.5 * other.length
            assert closing > 0.0 and closing**2 / (2.0 * (gap - 0.5 * closing)) < 4.0, "4 m/s² suffice"


@pytest.mark.slow
def test_oncoming_cars_do_not_meet_the_ego_at_the_parked_car(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    seen = {"parked": 0, "drifting": 0}
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/oncoming-traffic"]:
            (demanding,) = scored(episode)
            if demanding.action == ACTION_LATERAL:
                seen["drifting"] += 1
                assert demanding.direction == -1
                intrusion = 0.5 * demanding.width - demanding.action_d
                assert 0.6 < intrusion < 1.0
                room = episode.road.paved_right[0] - intrusion - EGO_WIDTH
                assert room > 0.6, "enough to its right"
                continue
            seen["parked"] += 1
            drive = careful_drive(episode.road, episode.start_s, episode.route_length, episode.speed_limit)
            passing = drive.time_at(demanding.start_s)
            oncoming = [actor for actor in episode.actors if actor.direction == -1]
            assert oncoming
            for car in oncoming:
                there = (car.start_s - demanding.start_s) / car.start_speed
                assert abs(there - passing) > 6.0
    assert min(seen.values()) >= 5


@pytest.mark.slow
def test_a_cut_out_leaves_the_lane_in_time_and_uncovers_a_standing_car(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/cut-out"]:
            (standing,) = scored(episode)
            (lead,) = (actor for actor in episode.actors if not actor.demands_reaction)
            ego = episode.road.lane_centre(episode.lane)
            assert standing.motion == MOTION_STATIC and abs(standing.start_d - ego) <= 0.5
            assert episode.start_s < lead.start_s < standing.start_s - 80.0
            assert lead.heedless and lead.trigger == TRIGGER_OWN_HEADWAY
            assert abs(lead.action_d - ego) == pytest.approx(episode.road.lane_width, abs=0.21)
            # A half cosine: the share of the way that takes it out of the standing car's width.
            share = (0.5 * (lead.width + standing.width) + 0.1 + abs(standing.start_d - ego)) / episode.road.lane_width
            clear = lead.action_duration * math.acos(1.0 - 2.0 * min(share, 1.0)) / math.pi
            assert clear < lead.trigger_value, "nobody is hit but by the ego"
            # An ego that follows at 1.4 s or more sees the standing car when the lead begins to move over.
            headway = lead.trigger_value + 1.4
            speed = lead.start_speed
            assert speed / (2.0 * (headway - 1.0)) < 5.0, "and can stop"


def distance_left_by_braking(episode: Episode, overtaken: ActorSpec, overtaker: ActorSpec) -> float:
    """[m] between an ego at the limit, braking with 5 m/s² a second after the other pulls out, and where it is back."""
    closing = overtaker.start_speed - overtaken.start_speed
    gap = overtaker.start_s - overtaken.start_s - 0.5 * (overtaker.length + overtaken.length)
    pulls_out = max(gap - overtaker.trigger_value * overtaker.start_speed, 0.0) / closing
    back = pulls_out + overtaker.next_after + 0.7 * overtaker.next_duration
    speed, braking_for = episode.speed_limit, max(back - pulls_out - 1.0, 0.0)
    driven = speed * (pulls_out + 1.0)
    driven += speed**2 / 10.0 if braking_for > speed / 5.0 else speed * braking_for - 2.5 * braking_for**2
    apart = overtaker.start_s - overtaker.start_speed * back - episode.start_s - driven
    return apart - 0.5 * (overtaker.length + EGO_LENGTH)


@pytest.mark.slow
def test_an_oncoming_overtaker_gets_back_or_leaves_room_to_the_right(
    episodes: dict[tuple[str, str], list[Episode]],
) -> None:
    seen = {"in time": 0, "too late": 0}
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/oncoming-overtaker"]:
            (overtaker,) = scored(episode)
            (overtaken,) = (actor for actor in episode.actors if not actor.demands_reaction)
            assert overtaken.direction == overtaker.direction == -1 and overtaken.start_s < overtaker.start_s
            assert overtaken.start_speed < 0.6 * overtaker.start_speed
            right, left = lane_edges(episode)
            intrusion = left - (overtaker.action_d - 0.5 * overtaker.width)
            assert overtaker.next_d - 0.5 * overtaker.width > left - 0.25, "it means to go back"
            if intrusion > 1.0:
                seen["in time"] += 1
                assert overtaker.action_d - 0.5 * overtaker.width > right
                # Met by an ego that is 2 s late, it has long begun to go back; past a lorry it takes longer.
                assert overtaker.next_after < 5.0
                assert distance_left_by_braking(episode, overtaken, overtaker) > 2.0
            else:
                seen["too late"] += 1
                assert episode.road.paved_right[0] - intrusion > EGO_WIDTH + 0.6
                aside = overtaken.start_d - overtaker.action_d - 0.5 * (overtaken.width + overtaker.width)
                assert aside > 0.3, "and whoever is overtaken is not touched"
    assert min(seen.values()) >= 5


@pytest.mark.slow
def test_a_pedestrian_along_the_road_can_be_passed(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    seen = {"same way": 0, "towards us": 0, "late": 0, "left": 0}
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/walking-pedestrian"]:
            (walker,) = scored(episode)
            assert walker.kind == ACTOR_PEDESTRIAN and walker.motion == MOTION_LANE and walker.heedless
            assert 0.9 < walker.start_speed < 2.0
            right, left = lane_edges(episode)
            edge = episode.road.paved_left[0]
            if episode.variant.startswith("left"):
                seen["left"] += 1
                assert abs(walker.start_d - edge) < 0.5 and walker.action_d < right and walker.trigger_value < 3.6
                continue
            assert right - 0.7 < walker.start_d < right + 1.2, "at the lane's right edge"
            if walker.action == ACTION_WALK:
                seen["late"] += 1
                assert walker.action_d > left and walker.trigger_value < 2.6
            else:
                seen["same way" if walker.direction == 1 else "towards us"] += 1
                assert room_beside(episode, walker)[1] > EGO_WIDTH + 2.0
    assert min(seen.values()) >= 5


@pytest.mark.slow
def test_a_cyclist_is_slow_enough_to_be_overtaken(episodes: dict[tuple[str, str], list[Episode]]) -> None:
    company = set()
    for split in SPLITS:
        for episode in episodes[split, "obstacle-avoidance/cyclist"]:
            (cyclist,) = scored(episode)
            assert cyclist.start_speed < 0.6 * 0.97 * episode.speed_limit
            assert cyclist.start_d < episode.road.lane_centre(episode.lane), "rides on the right"
            assert room_beside(episode, cyclist)[1] > EGO_WIDTH + 2.5
            caught = (cyclist.start_s - episode.start_s) / (1.0 - cyclist.start_speed / episode.speed_limit)
            assert caught < episode.route_length - 60.0, "before the end"
            company.add(any(actor.direction == -1 for actor in episode.actors))
    assert company == {True, False}
