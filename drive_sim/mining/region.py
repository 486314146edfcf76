"""The part of a scenario's ranges in which a driver fails: a box, found by peeling.

The patient rule induction method (Friedman & Fisher 1999), used so for scenario discovery by Bryant & Lempert (2010):
from the whole of the ranges, whatever thin slice leaves the largest share of failures is peeled off, again and again.
Of all the boxes on the way the one whose share of failures is largest for certain (the lower end of its interval) is
kept. It was chosen for what is in it, so its share of failures has to be measured on fresh draws.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drive_sim.evaluation.statistics.intervals import Interval, wilson
from drive_sim.mining.parameters import Parameter, Values

PEEL = 0.15
"""Share of a box that is peeled off at once from one end of a range."""
FEWEST = 5
"""Failures that a box holds at least."""
COVERAGE = 0.4
"""Share of all failures that a box holds at least."""
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


def failing_region(
    parameters: Sequence[Parameter], situations: Sequence[Values], bad: Sequence[bool], weights: NDArray[np.float64]
) -> Region | None:
    """The box of the ranges in which failures are densest; None where fewer than `FEWEST` failed."""
    failed = np.asarray(bad, bool)
    least = max(FEWEST, math.ceil(COVERAGE * failed.sum()))
    if failed.sum() < FEWEST:
        return None
    inside, region = np.ones(len(failed), bool), Region()
    best: Region = region
    certain = share_of(failed, weights).interval.low
    while True:
        peeled = [
            (share_of(failed[left], weights[left]).estimate, int(left.sum()), left, name, part)
            for name, part, left in _peels(parameters, situations, inside, region)
            if failed[left].sum() >= least
        ]
        if not peeled:
            return best
        rate, _, left, name, part = max(peeled, key=lambda one: one[:2])
        if rate <= share_of(failed[inside], weights[inside]).estimate:
            return best
        inside, region = left, region | {name: part}
        low = share_of(failed[inside], weights[inside]).interval.low
        if low > certain:
            best, certain = region, low


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
