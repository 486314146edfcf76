"""What recorded episodes can teach before anything is trained: how much of what, how steady the hand, what is missing.

A network drives where it was shown how. Minutes are counted of the steps that views are drawn from
(`SourceEpisode.learnable`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.learning.views.episodes import BESIDE, SourceEpisode
from drive_sim.world.state import ACTOR_NAMES

Minutes = dict[str, defaultdict[str, float]]
"""Minutes by what they are counted by, and by class."""

BEND_NAMES = ("straight", "gentle bend", "tight bend", "hairpin")
BEND_CURVATURES = (1.0 / 500.0, 1.0 / 100.0, 1.0 / 40.0)
"""Borders between them [1/m]: radii of 500, 100 and 40 m."""
SPEED_BORDERS = (1.0, 8.0, 15.0, 25.0)
"""[m/s]"""
SPEED_NAMES = ("standing", "below 8 m/s", "8 to 15 m/s", "15 to 25 m/s", "above 25 m/s")
TURNING = 0.01
"""A steering command beyond this is one that turns; of the range -1 to 1."""
ASTRAY, BACK = 0.4, 0.2
"""From so far off the middle of its lane to within so much of it is a recovery [m]."""
LEAST_MINUTES = 0.25
"""A class of bends with less than this is told to be missing [min]."""
ONE_LEVEL = 0.4
"""A steering command that holds more than this share of the turning steps is told: so do keys without a rate."""
STEADY, CENTRED = 0.25, 0.15
"""Mean distance from the lane's middle, and its mean to one side, up to which nothing is said [m]."""


@dataclass(frozen=True)
class LabelQuality:
    """What `label_quality` finds."""

    minutes: float
    """Minutes recorded."""
    usable_minutes: float
    """Minutes that views are drawn from."""
    episodes: int
    by: dict[str, dict[str, float]]
    """Usable minutes by ``road``, ``weather``, ``bend`` (with its side) and ``speed``."""
    off_centre: float
    """Mean distance from the middle of the lane where no actor is passed [m]."""
    bias: float
    """Mean offset from there [m]; positive: left."""
    common_level: float
    """Largest share of the turning steps that one steering command holds; 0 where nothing turns."""
    recoveries: int
    """Times that the car came back from `ASTRAY` to `BACK`."""
    encounters: dict[str, int]
    """Actors that were passed, by class and side, as ``cyclist on the right``."""
    advice: tuple[str, ...]
    """What is missing or unsteady, and what to do about it, a sentence each."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {**asdict(self), "advice": list(self.advice)}


def label_quality(episodes: Sequence[SourceEpisode]) -> LabelQuality:
    """What recorded episodes can teach.

    Raises
    ------
    InputError
        There is no episode.
    """
    if not episodes:
        raise InputError("dataset", "", "holds no episode", "record one with drive-sim drive --record")
    by: Minutes = {name: defaultdict(float) for name in ("road", "weather", "bend", "speed")}
    encounters: Counter[str] = Counter()
    offsets, steering, recoveries = [], [], 0
    for episode in episodes:
        steps, free = episode.learnable(), episode.free()
        _count_minutes(by, episode, steps)
        offset = episode.lane_offset
        offsets.append(offset[steps][free[steps]])
        steering.append(np.asarray(episode.state.action)[steps, 0])
        recoveries += _recoveries(np.where(free, offset, 0.0))
        encounters.update(_encounters(episode))
    off, turned = np.concatenate(offsets), np.concatenate(steering)
    turned = np.round(turned[np.abs(turned) > TURNING], 3)
    found = LabelQuality(
        minutes=sum(episode.seconds for episode in episodes) / 60.0,
        usable_minutes=sum(by["road"].values()),
        episodes=len(episodes),
        by={name: dict(sorted(minutes.items())) for name, minutes in by.items()},
        off_centre=float(np.abs(off).mean()) if len(off) else 0.0,
        bias=float(off.mean()) if len(off) else 0.0,
        common_level=float(np.unique(turned, return_counts=True)[1].max() / len(turned)) if len(turned) else 0.0,
        recoveries=recoveries,
        encounters=dict(sorted(encounters.items())),
        advice=(),
    )
    return replace(found, advice=tuple(_advice(found)))


def quality_lines(found: LabelQuality) -> list[str]:
    """The findings as lines of text, what is missing last."""
    lines = [
        f"{found.minutes:.1f} minutes in {found.episodes} episodes, {found.usable_minutes:.1f} of them to learn from",
        *(
            f"{name}: " + ", ".join(f"{what} {minutes:.1f} min" for what, minutes in classes.items())
            for name, classes in found.by.items()
        ),
        f"hand: {found.off_centre:.2f} m off the lane's middle on average, {abs(found.bias):.2f} m to the "
        f"{'left' if found.bias > 0.0 else 'right'}; {found.recoveries} recoveries",
        f"steering: the commonest command holds {100.0 * found.common_level:.0f} % of the turning steps",
        "passed: " + (", ".join(f"{count} {what}" for what, count in found.encounters.items()) or "no actor"),
    ]
    return lines + list(found.advice)


def _count_minutes(by: Minutes, episode: SourceEpisode, steps: NDArray[np.int64]) -> None:
    each = episode.period / 60.0
    by["road"][episode.world.road.road_class] += len(steps) * each
    by["weather"][episode.world.weather.name] += len(steps) * each
    curvature = np.asarray(episode.state.curvature)[steps]
    for value, bend in zip(curvature, np.digitize(np.abs(curvature), BEND_CURVATURES), strict=True):
        side = "" if bend == 0 else " to the left" if value > 0.0 else " to the right"
        by["bend"][BEND_NAMES[bend] + side] += each
    for speed in np.digitize(np.asarray(episode.state.speed)[steps], SPEED_BORDERS):
        by["speed"][SPEED_NAMES[speed]] += each


def _recoveries(offset: NDArray[np.float64]) -> int:
    """How often the offset (T) [m] falls from `ASTRAY` to `BACK`."""
    states = np.where(np.abs(offset) > ASTRAY, 1, np.where(np.abs(offset) < BACK, 0, -1))
    known = states[states >= 0]
    return int(np.count_nonzero((known[:-1] == 1) & (known[1:] == 0)))


def _encounters(episode: SourceEpisode) -> Counter[str]:
    """Actors that fall behind the ego beside it, by class and side."""
    state, passed = episode.state, Counter[str]()
    for slot, actor in enumerate(episode.world.actors):
        ahead = state.actor_s[:, slot] - state.s
        beside = state.actor_d[:, slot] - state.d
        moments = np.flatnonzero((ahead[:-1] > 0.0) & (ahead[1:] <= 0.0) & (np.abs(beside[1:]) < BESIDE))
        if len(moments):
            side = "left" if beside[moments[0] + 1] > 0.0 else "right"
            passed[f"{ACTOR_NAMES[actor.kind]} on the {side}"] += 1
    return passed


def _advice(found: LabelQuality) -> list[str]:
    """Sentences on what is missing, what is unsteady, and what to do about it."""
    advice = []
    if found.usable_minutes < 1.0:
        advice.append(f"Only {60.0 * found.usable_minutes:.0f} s can be learned from: drive ten minutes.")
    for bend, radius, roads in ((1, "500", "rural"), (2, "100", "rural"), (3, "40", "mountain")):
        for side in ("left", "right"):
            minutes = found.by["bend"].get(f"{BEND_NAMES[bend]} to the {side}", 0.0)
            if minutes < LEAST_MINUTES:
                told = "No" if minutes == 0.0 else f"Only {60.0 * minutes:.0f} s of"
                advice.append(f"{told} {side} bends sharper than {radius} m: drive 2 more minutes of {roads} roads.")
    if found.by["speed"].keys() <= {SPEED_NAMES[0], SPEED_NAMES[1]}:
        advice.append("Never faster than 8 m/s: drive rural roads at their limit.")
    if found.off_centre > STEADY:
        advice.append(
            f"{found.off_centre:.2f} m off the lane's middle on average; aim below {STEADY} m: slower, or with a wheel."
        )
    if abs(found.bias) > CENTRED:
        side = "left" if found.bias > 0.0 else "right"
        advice.append(
            f"{abs(found.bias):.2f} m to the {side} of the lane's middle on average: the network will be too."
        )
    if found.common_level > ONE_LEVEL:
        advice.append(
            f"One steering command holds {100.0 * found.common_level:.0f} % of the turning steps: "
            "a device with more levels gives steadier paths."
        )
    if not found.encounters:
        advice.append(
            "No actor was passed: drive --scenario obstacle-avoidance/mixed, or the network only keeps its lane."
        )
    return advice
