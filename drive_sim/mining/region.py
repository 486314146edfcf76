"""The part of a scenario's ranges in which a driver fails: a box, found by peeling.

The patient rule induction method (Friedman & Fisher 1999), used so for scenario discovery by Bryant & Lempert (2010):
from the whole of the ranges, whatever thin slice leaves the largest share of failures is peeled off, again and again.
Of all the boxes on the way the one whose share of failures is largest for certain (the lower end of its interval) is
kept, and freed again of restrictions without which its failures would hardly be rarer (quasi-p-values of Bryant &
Lempert). It was chosen for what is in it, so its share of failures has to be measured on fresh draws.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from drive_sim.evaluation.statistics.intervals import Interval, wilson
from drive_sim.mining.parameters import Parameter, Values

PEEL = 0.15
"""Share of a box that is peeled off at once from one end of a range."""
FEWEST = 5
"""Failures that a box holds at least."""
COVERAGE = 0.4
"""Share of all failures that a box holds at least."""
CHANCE = 0.05
"""Quasi-p-value above which a restriction is dropped: how likely the box's failures would be without it."""
DIGITS = 2
"""To which the ends of an interval are rounded, of the width of the whole range."""

Region = dict[str, tuple[float, float] | frozenset[str]]
"""An interval or a set of choices for each parameter that is narrowed."""
Mask = NDArray[np.bool_]


class Share(NamedTuple):
    """A share of failures with its 95 % interval."""

    estimate: float
    interval: Interval
    draws: float
    """Independent draws that would say as much."""


def share_of(bad: Sequence[bool] | Mask, weights: NDArray[np.float64] | None = None) -> Share:
    """The share of failures among weighted draws; their effective number is (Σw)² / Σw² (Kish 1965)."""
    failed = np.asarray(bad, float)
    weights = np.ones(len(failed)) if weights is None else weights
    total = float(weights.sum())
    if total <= 0.0:
        return Share(math.nan, Interval(math.nan, math.nan), 0.0)
    rate, draws = float(failed @ weights) / total, total**2 / float(weights @ weights)
    return Share(rate, wilson(rate, draws), draws)


def failing_region(parameters: Sequence[Parameter], situations: Sequence[Values], bad: Sequence[bool]) -> Region | None:
    """The box of the ranges in which failures are densest; None where fewer than `FEWEST` failed.

    Draws count alike, wherever they came from: where the search looked more often, more is known.
    """
    failed = np.asarray(bad, bool)
    if failed.sum() < FEWEST:
        return None
    boxes = list(_peeled(parameters, situations, failed))
    lows = [share_of(failed[inside]).interval.low for _, inside in boxes]
    region = boxes[int(np.argmax(lows))][0]
    while region:
        chances = {name: _chance(situations, failed, region, name) for name in region}
        worst = max(chances, key=lambda name: chances[name])
        if chances[worst] <= CHANCE:
            break
        region = {name: part for name, part in region.items() if name != worst}
    return region


def _peeled(
    parameters: Sequence[Parameter], situations: Sequence[Values], failed: Mask
) -> Iterator[tuple[Region, Mask]]:
    """Ever smaller boxes, and which draws are in them, the whole of the ranges first."""
    least = max(FEWEST, math.ceil(COVERAGE * failed.sum()))
    inside, region = np.ones(len(failed), bool), Region()
    while True:
        yield region, inside
        now = failed[inside].mean()
        peeled = [
            (float(failed[left].mean()), int(left.sum()), left, name, part)
            for name, part, left in _peels(parameters, situations, inside, region)
            if failed[left].sum() >= least
        ]
        rate, _, left, name, part = max(peeled, key=lambda one: one[:2], default=(0.0, 0, inside, "", None))
        if part is None or rate <= now:
            return
        inside, region = left, region | {name: part}


def _chance(situations: Sequence[Values], failed: Mask, region: Region, name: str) -> float:
    """How likely at least as many failures as the region has would be if its restriction of ``name`` did nothing."""
    inside = failed[within(situations, region)]
    without = failed[within(situations, {other: part for other, part in region.items() if other != name})]
    return float(stats.binom.sf(inside.sum() - 1, len(inside), without.mean()))


def within(situations: Sequence[Values], region: Region) -> Mask:
    """Which situations lie in the region; a parameter that one does not have does not count."""
    return np.array([
        all(
            name not in values
            or (values[name] in part if isinstance(part, frozenset) else part[0] <= float(values[name]) <= part[1])
            for name, part in region.items()
        )
        for values in situations
    ])  # fmt: skip


def in_words(parameters: Sequence[Parameter], region: Mapping[str, tuple[float, float] | frozenset[str]]) -> list[str]:
    """The region, a phrase for each parameter that is narrowed."""
    units = {parameter.name: parameter.unit for parameter in parameters}
    said = []
    for name, part in region.items():
        if isinstance(part, frozenset):
            said.append(f"{name} {' or '.join(sorted(part))}")
        else:
            said.append(f"{name} {part[0]:g} to {part[1]:g} {units[name]}".rstrip())
    return said


def _peels(
    parameters: Sequence[Parameter], situations: Sequence[Values], inside: Mask, region: Region
) -> Iterator[tuple[str, tuple[float, float] | frozenset[str], Mask]]:
    """Each way to peel a slice off: the parameter, what is left of it, and the draws that are left.

    Draws that do not have the parameter stay.
    """
    for parameter in parameters:
        name = parameter.name
        has = np.array([name in values for values in situations])
        if parameter.kind == "choice":
            known = [str(values.get(name, "")) for values in situations]
            options = sorted({one for one, there in zip(known, inside & has, strict=True) if there})
            for option in options if len(options) > 1 else ():
                left = inside & ~np.array([one == option for one in known])
                yield name, frozenset(options) - {option}, left
            continue
        numbers = np.array([float(values.get(name, math.nan)) for values in situations])
        box = region.get(name, parameter.bounds)
        assert isinstance(box, tuple)
        for part in _shorter(parameter, box, numbers[inside & has]):
            left = inside & (~has | ((numbers >= part[0]) & (numbers <= part[1])))
            if left.sum() < inside.sum():
                yield name, part, left


def _shorter(
    parameter: Parameter, box: tuple[float, float], numbers: NDArray[np.float64]
) -> Iterator[tuple[float, float]]:
    """The interval without its lowest numbers, and without its highest."""
    if len(numbers) < 2:
        return
    width = parameter.bounds[1] - parameter.bounds[0]
    digits = 0 if parameter.kind == "count" else DIGITS - math.floor(math.log10(width))
    low, high = (float(np.quantile(numbers, quantile)) for quantile in (PEEL, 1.0 - PEEL))
    if parameter.kind == "count":  # whole numbers: the first or last of them goes
        low, high = box[0] + 1.0, box[1] - 1.0
    low, high = max(round(low, digits), box[0]), min(round(high, digits), box[1])
    if box[0] < low < box[1]:
        yield low, box[1]
    if box[0] < high < box[1]:
        yield box[0], high
