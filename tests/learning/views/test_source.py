"""Views show what the recording showed, from where it was not, and say how to get back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.learning.recordings import training_weathers
from drive_sim.learning.settings import TrainingSettings, ViewSettings
from drive_sim.learning.views.episodes import ORIGINS, TRANSPLANTED, SourceEpisode
from drive_sim.learning.views.labels import label_reach
from drive_sim.learning.views.source import ViewSource
from drive_sim.learning.views.strata import (
    BENDS,
    CHANGE,
    REACTION,
    SHARES,
    SLOWS,
    TIME_TO_REACT,
    _weights,
    change_points,
    stratum,
)
from drive_sim.recording.dataset import Dataset
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.world.scenarios.episode import WeatherSpec, map_arrays
from drive_sim.world.scenarios.scenario import weather_domains
from drive_sim.world.state import EVENT_OFF_ROAD

PLAIN = ViewSettings(unperturbed=1.0, redrawn_weather=0.0, body_sigma=0.0)


def source(episodes: list[SourceEpisode], settings: ViewSettings | None = None) -> ViewSource:
    return ViewSource(episodes, CameraRig([CameraConfig()]), [WeatherSpec()], settings)


@pytest.mark.slow
def test_an_unperturbed_view_is_the_recorded_image(dataset: Path, episodes: list[SourceEpisode]) -> None:
    recorded = np.concatenate([Dataset.open(dataset).frames(i)[:] for i in range(3)]).astype(np.int16)
    # Read noise, clouds, skyline and the place of cracks are drawn anew for a view: below the horizon and averaged over
    # a few pixels they are the same.
    for view in source(episodes, PLAIN).draw(6, "a").images.astype(np.int16):
        blocks = (recorded - view)[:, 36:].reshape(len(recorded), 5, 6, 20, 10, 3).mean(axis=(2, 4))
        assert np.abs(blocks).mean(axis=(1, 2, 3)).min() < 2.5


def test_the_same_key_draws_the_same_views_and_another_key_others(episodes: list[SourceEpisode]) -> None:
    views = source(episodes)
    first, again, other = views.draw(8, 1, "x"), views.draw(8, 1, "x"), views.draw(8, 2, "x")
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.curvature, again.curvature)
    assert not np.array_equal(first.images, other.images)


def test_labels_of_shifted_views_lead_back(episodes: list[SourceEpisode]) -> None:
    straight = [episode for episode in episodes if episode.world.scenario == "lane-keeping/rural"]
    wide = replace(PLAIN, unperturbed=0.0, offset_sigma=0.8, yaw_sigma=0.0)
    views = source(straight, wide)
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(views), 200)
    state = type(straight[0].state)(*(array[rows] for array in views._states))
    shift = rng.uniform(-1.0, 1.0, 200)
    zero = np.zeros(200)
    on, _ = views._labels(rows, state, zero, zero)
    off, _ = views._labels(rows, state, shift, zero)
    assert np.all(np.sign(on - off)[np.abs(shift) > 0.05] == np.sign(shift)[np.abs(shift) > 0.05])


def test_no_view_stands_in_another_road_user(episodes: list[SourceEpisode]) -> None:
    obstacle = [episode for episode in episodes if episode.world.actors]
    views = source(obstacle, replace(PLAIN, unperturbed=0.0, offset_sigma=3.0, offset_max=6.0))
    rows = np.arange(len(views))
    episode = views._table["episode"][rows]
    shift, _ = views._perturbation(np.random.default_rng(1), episode, views._states)
    assert np.any(shift != 0.0)
    assert not np.any(views._touches(episode, views._states, shift) & (shift != 0.0))


def test_others_are_repainted_in_colours_of_their_kind(episodes: list[SourceEpisode]) -> None:
    first = next(episode for episode in episodes if episode.world.actors)
    green = (0.0, 1.0, 0.0)
    actors = tuple(replace(actor, colour=green) for actor in first.world.actors)
    second = replace(first, world=replace(first.world, actors=actors))
    for repainted, expected in ((0.0, {green}), (1.0, {green, *(actor.colour for actor in first.world.actors)})):
        views = source([first, second], replace(PLAIN, repainted=repainted))
        rows = np.flatnonzero(views._table["episode"] == 1)[:20]
        states = type(views._states)(*(array[rows] for array in views._states))
        world = map_arrays(views._world, lambda array, rows=rows: array[np.ones(len(rows), int)])
        world, _ = views._appearances.natural(np.random.default_rng(0), world, states)
        there = world.actors.kind > 0
        worn = {tuple(colour) for colour in world.actors.colour[there]}
        assert worn == {tuple(np.float32(colour)) for colour in expected}
        assert not world.actors.colour[~there].any()


def test_what_happens_decides_how_often_it_is_looked_at(episodes: list[SourceEpisode]) -> None:
    views = source(episodes)
    happening = views._table["stratum"] // (BENDS * SLOWS)
    weight = np.diff(views._cumulative, prepend=0.0)
    there = np.unique(happening)
    assert len(there) > 1
    for kind in there:
        assert weight[happening == kind].sum() == pytest.approx(SHARES[kind])


def test_a_reaction_begins_with_the_image_that_it_answers(episodes: list[SourceEpisode]) -> None:
    episode = next(episode for episode in episodes if episode.world.actors)
    state, steps = episode.state, len(episode.events)
    braking, moment = np.zeros(steps), steps - 5
    braking[moment] = -3.0
    ahead = {
        "actor_x": state.x[:, None] + 20.0 * np.cos(state.yaw)[:, None] + np.zeros_like(state.actor_x),
        "actor_y": state.y[:, None] + 20.0 * np.sin(state.yaw)[:, None] + np.zeros_like(state.actor_y),
    }
    lane = np.full(steps, episode.world.road.lane_centre(episode.world.lane))
    changed = replace(episode, state=state._replace(acceleration_x=braking, d=lane, **ahead))
    reacting = np.flatnonzero(stratum(changed) // (BENDS * SLOWS) == 2)
    assert reacting.tolist() == list(range(max(0, moment - round(REACTION / episode.period)), moment + 1))


def test_change_points_have_their_share_of_the_views_and_none_of_their_own_by_default(
    episodes: list[SourceEpisode], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The expert keeps its lane so smoothly that nothing less would be one.
    monkeypatch.setattr("drive_sim.learning.views.strata.CHANGE", 0.2)
    plain, upweighted = source(episodes), source(episodes, ViewSettings(change_points=0.4))
    changing = plain._table["changing"]
    assert 0 < changing.sum() < len(plain)
    before, after = (np.diff(each._cumulative, prepend=0.0) / each._cumulative[-1] for each in (plain, upweighted))
    assert after[changing].sum() == pytest.approx(0.4 + 0.6 * before[changing].sum())
    assert after[~changing] == pytest.approx(0.6 * before[~changing])
    assert np.array_equal(plain._cumulative, np.cumsum(_weights(plain._table["stratum"]))), (
        "none by default, to the bit"
    )


@pytest.mark.parametrize("across", [False, True])
def test_a_change_point_is_where_the_next_second_is_driven_otherwise(
    episodes: list[SourceEpisode], across: bool
) -> None:
    episode, onset = episodes[0], 60
    zero = np.zeros(len(episode.events))
    step = np.where(np.arange(len(zero)) >= onset, 2.0 * CHANGE, 0.0)
    speed = np.full(len(zero), 10.0)
    driven = (
        {"yaw_rate": step / speed, "acceleration_x": zero} if across else {"yaw_rate": zero, "acceleration_x": -step}
    )
    changing = np.flatnonzero(change_points(replace(episode, state=episode.state._replace(speed=speed, **driven))))
    # Half of the change lies in the next second from half a second before on, and out of the last one likewise.
    half = round(0.5 * TIME_TO_REACT / episode.period)
    assert changing[0] == pytest.approx(onset - half, abs=1)
    assert changing[-1] == pytest.approx(onset + half, abs=1)
    assert len(changing) == changing[-1] - changing[0] + 1


@pytest.mark.slow
def test_views_are_redrawn_in_training_weather_only() -> None:
    assert {weather.name for weather in training_weathers()} <= set(weather_domains())


def test_no_label_of_a_view_reaches_beyond_the_end_of_the_driven_path(episodes: list[SourceEpisode]) -> None:
    for episode in episodes:
        steps = episode.learnable()
        furthest = episode.unwrapped_s[steps] + label_reach(episode.state.speed[steps])
        assert len(steps) and furthest.max() <= episode.path.end
        assert steps.max() < len(episode.events) - round(3.0 / episode.period), "the speed label looks 3 s ahead"


def test_no_label_of_a_view_reaches_beyond_a_failure(episodes: list[SourceEpisode]) -> None:
    """After a failure the car is reset to its lane: the way there was not driven."""
    episode = episodes[0]
    steps = len(episode.events)
    s = episode.state.s[0] + 2.0 * episode.period * np.arange(steps)
    crawling = episode.state._replace(s=s, speed=np.full(steps, 2.0))
    events = np.zeros(steps, np.int64)
    events[steps - 1 :] = EVENT_OFF_ROAD
    learnable = replace(episode, state=crawling, events=events).learnable()
    assert learnable.tolist() == []
    events[:] = 0
    events[100] = EVENT_OFF_ROAD
    far = episode.state._replace(s=episode.state.s[0] + np.linspace(0.0, 30.0, steps), speed=np.full(steps, 2.0))
    learnable = replace(episode, state=far, events=events).learnable()
    before = learnable[learnable < 100]
    assert len(before) and (far.s[before] + label_reach(far.speed[before])).max() <= far.s[100]


def test_a_recording_without_a_usable_step_is_refused(episodes: list[SourceEpisode]) -> None:
    crashed = replace(episodes[0], events=np.ones(len(episodes[0].events), np.int64))
    with pytest.raises(InputError, match="no step to learn from"):
        source([crashed])


def test_each_origin_has_its_share_of_the_views(episodes: list[SourceEpisode]) -> None:
    recorded, transplanted = episodes[:2], [replace(episodes[2], origin=TRANSPLANTED)]
    views = source([*recorded, *transplanted], ViewSettings(transplanted=0.3, visited=0.1))
    weight = np.diff(views._cumulative, prepend=0.0)
    mine = views._table["origin"] == ORIGINS.index(TRANSPLANTED)
    assert weight[mine].sum() / weight[~mine].sum() == pytest.approx(0.3 / 0.7)


def test_shares_that_leave_nothing_recorded_are_refused_where_there_are_rounds() -> None:
    sampling = ViewSettings(transplanted=0.7, visited=0.3)
    assert TrainingSettings(transplants=9, sampling=sampling).sampling.transplanted == 0.7
    with pytest.raises(InputError, match=r"sampling\.transplanted.*add up to less than 1"):
        TrainingSettings(transplants=9, rounds=1, sampling=sampling)
