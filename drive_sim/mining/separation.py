"""Which parameters separate failures from passes: the share of failures by bin, and how surely the bins differ.

Draws are weighed as for the proposals, so that shares are those of the scenario's own draws. The bins of a parameter
differ by the likelihood-ratio test (G = 2 Σ O ln(O / E), Woolf 1957) on effective numbers of draws; p-values are
adjusted for the number of parameters (Holm).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from drive_sim.evaluation.statistics.comparison import holm
from drive_sim.mining.parameters import Value
from drive_sim.mining.region import Share, share_of

Floats = NDArray[np.float64]

QUANTILES = 5
"""Bins of a number, with equally many draws each."""
FEW_VALUES = 5
"""A number with no more values than this has a bin for each."""
ROOM = 4.0
"""Effective draws with less than this in a bin are too few to tell from chance."""


@dataclass(frozen=True)
class Bin:
    """Situations that have about the same of a parameter."""

    value: str | None
    """The choice; None for numbers."""
    low: float
    high: float
    """From where to where numbers lie; the same for one value."""
    draws: int
    failures: int
    share: Share
    """Of failures, weighed."""


@dataclass(frozen=True)
class Separation:
    """One parameter."""

    name: str
    bins: list[Bin]
    p_value: float
    """Of no difference between the bins."""
    p_adjusted: float
    spread: float
    """Largest share of failures minus smallest."""


def separations(situations: Sequence[Mapping[str, Value]], bad: Sequence[bool], weights: Floats) -> list[Separation]:
    """Every parameter with more than one bin, the most separating first."""
    failed = np.asarray(bad, bool)
    names = dict.fromkeys(name for values in situations for name in values)
    found = []
    for name in names:
        bins = _bins(name, situations, failed, weights)
        if len(bins) > 1:
            shares = [one.share.estimate for one in bins]
            found.append((name, bins, _p_value(bins), max(shares) - min(shares)))
    adjusted = holm([p for _, _, p, _ in found])
    rows = [Separation(name, bins, p, q, spread) for (name, bins, p, spread), q in zip(found, adjusted, strict=True)]
    return sorted(rows, key=lambda one: (one.p_value, -one.spread, one.name))


def _bins(
    name: str, situations: Sequence[Mapping[str, Value]], failed: NDArray[np.bool_], weights: Floats
) -> list[Bin]:
    has = [index for index, values in enumerate(situations) if name in values]
    values = [situations[index][name] for index in has]
    known = sorted(set(values), key=lambda value: (isinstance(value, str), value))
    groups: list[tuple[str | None, float, float, list[int]]]
    if isinstance(known[0], str):
        groups = [
            (str(value), 0.0, 0.0, [i for i, one in zip(has, values, strict=True) if one == value]) for value in known
        ]
    elif len(known) <= FEW_VALUES:
        groups = [
            (None, float(value), float(value), [i for i, one in zip(has, values, strict=True) if one == value])
            for value in known
        ]
    else:
        numbers = np.array(values, float)
        edges = np.unique(np.quantile(numbers, np.linspace(0.0, 1.0, QUANTILES + 1)))
        place = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
        groups = [
            (None, float(edges[b]), float(edges[b + 1]), [i for i, p in zip(has, place, strict=True) if p == b])
            for b in range(len(edges) - 1)
        ]
    return [
        Bin(value, low, high, len(members), int(failed[members].sum()), share_of(failed[members], weights[members]))
        for value, low, high, members in groups
        if members
    ]


def _p_value(bins: Sequence[Bin]) -> float:
    """Of the bins' having one share of failures."""
    draws = np.array([one.share.draws for one in bins])
    shares = np.array([one.share.estimate for one in bins])
    mean = float(draws @ shares / draws.sum())
    if mean in (0.0, 1.0) or draws.sum() < ROOM * len(bins):
        return 1.0
    observed = np.concatenate([draws * shares, draws * (1.0 - shares)])
    expected = np.concatenate([draws * mean, draws * (1.0 - mean)])
    seen = observed > 0.0
    statistic = 2.0 * float(np.sum(observed[seen] * np.log(observed[seen] / expected[seen])))
    return float(stats.chi2.sf(max(statistic, 0.0), len(bins) - 1)) if math.isfinite(statistic) else 1.0
