"""What a recording can teach: minutes of each kind, how steady the hand is, what is missing, in words."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.cli import main as cli
from drive_sim.learning.card import _quality
from drive_sim.learning.quality import _recoveries, label_quality, quality_lines
from drive_sim.learning.views.episodes import SourceEpisode


def changed(episode: SourceEpisode, **arrays: Any) -> SourceEpisode:
    """The episode with other states; a number stands for every step."""
    state = episode.state
    arrays = {name: np.broadcast_to(value, getattr(state, name).shape).copy() for name, value in arrays.items()}
    return replace(episode, state=state._replace(**arrays))


def middle(episode: SourceEpisode) -> float:
    """The middle of the ego's lane, d [m]."""
    return episode.world.road.lane_centre(episode.world.lane)


def test_minutes_are_counted_once_in_each_table(episodes: list[SourceEpisode]) -> None:
    found = label_quality(episodes)
    usable = sum(len(episode.learnable()) * episode.period for episode in episodes) / 60.0
    assert found.usable_minutes == pytest.approx(usable)
    assert found.minutes == pytest.approx(0.3) and found.episodes == 3
    assert all(sum(classes.values()) == pytest.approx(usable) for classes in found.by.values())
    assert found.by["road"].keys() <= {episode.world.road.road_class for episode in episodes}


def test_bends_are_told_by_radius_and_side_and_those_that_are_missing_with_roads_to_drive(
    episodes: list[SourceEpisode],
) -> None:
    left = [changed(episode, curvature=1.0 / 30.0) for episode in episodes] * 40
    found = label_quality(left)
    assert list(found.by["bend"]) == ["hairpin to the left"]
    told = " ".join(found.advice)
    assert "left bends sharper than 40 m" not in told
    assert "No right bends sharper than 40 m: drive 2 more minutes of mountain roads." in found.advice
    assert "No left bends sharper than 100 m: drive 2 more minutes of rural roads." in found.advice


def test_a_hand_to_one_side_is_told_by_how_much(episodes: list[SourceEpisode]) -> None:
    free = episodes[:2]
    found = label_quality([changed(e, d=middle(e) - 0.41, actor_s=-1e6) for e in free])
    assert found.off_centre == pytest.approx(0.41) and found.bias == pytest.approx(-0.41)
    told = " ".join(found.advice)
    assert "0.41 m off the lane's middle on average; aim below 0.25 m" in told
    assert "0.41 m to the right of the lane's middle" in told
    steady = label_quality([changed(e, d=middle(e) + 0.05, actor_s=-1e6) for e in free])
    assert not any("lane's middle" in sentence for sentence in steady.advice)


def test_keys_without_a_rate_are_told(episodes: list[SourceEpisode]) -> None:
    episode = episodes[0]
    action = np.zeros_like(episode.state.action)
    action[::2, 0] = 1.0
    found = label_quality([replace(episode, state=episode.state._replace(action=action))])
    assert found.common_level == 1.0
    assert any("One steering command holds 100 % of the turning steps" in sentence for sentence in found.advice)
    action[:, 0] = np.linspace(-1.0, 1.0, len(action))
    assert label_quality([replace(episode, state=episode.state._replace(action=action))]).common_level < 0.1


def test_a_recovery_begins_astray_and_ends_in_the_middle() -> None:
    assert _recoveries(np.array([0.0, 0.5, 0.3, 0.1, -0.5, -0.1])) == 2
    assert _recoveries(np.array([0.0, 0.3, 0.1, 0.5, 0.3])) == 0


def test_who_is_passed_is_counted_by_class_and_side(episodes: list[SourceEpisode]) -> None:
    episode = episodes[2]
    steps = len(episode.events)
    ahead = np.linspace(20.0, -20.0, steps)[:, None]
    state = episode.state._replace(actor_s=episode.state.s[:, None] + ahead + 0.0 * episode.state.actor_s)
    for side, beside in (("left", 2.0), ("right", -2.0)):
        there = state._replace(actor_d=episode.state.d[:, None] + beside + 0.0 * episode.state.actor_d)
        found = label_quality([replace(episode, state=there)])
        assert found.encounters == {f"car on the {side}": len(episode.world.actors)}
    far = state._replace(actor_d=episode.state.d[:, None] + 9.0 + 0.0 * episode.state.actor_d)
    nobody = label_quality([replace(episode, state=far)])
    assert nobody.encounters == {} and any("No actor was passed" in sentence for sentence in nobody.advice)


def test_findings_are_lines_json_and_a_part_of_the_card(episodes: list[SourceEpisode]) -> None:
    found = label_quality(episodes)
    lines = quality_lines(found)
    assert lines[0].startswith("0.3 minutes in 3 episodes") and list(found.advice) == lines[-len(found.advice) :]
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert f"{found.recoveries} recoveries" in _quality(document) and _quality(None) == ""
    assert not any(math.isnan(value) for value in document["by"]["road"].values())


def test_the_command_says_it_of_several_datasets_and_writes_it(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "quality.json"
    assert cli.run(["data", "quality", str(dataset), str(dataset), "--json", str(file)]) == 0
    assert capsys.readouterr().out.startswith("0.6 minutes in 6 episodes")
    assert json.loads(file.read_text(encoding="utf-8"))["episodes"] == 6


def test_nothing_recorded_is_refused() -> None:
    with pytest.raises(InputError, match="holds no episode"):
        label_quality([])
