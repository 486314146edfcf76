"""Where a search looks next: a distribution over a scenario's parameters, moved towards failures.

The cross-entropy method (Rubinstein & Kroese 2004): of all distributions whose parameters are independent, the one
nearest to the failures has as marginals those of the failures. With bins b of each parameter, a draw has density

    q(x) / p(x) = u + (1 − u) Π_j r_j(b_j) / E_p[r_j],    r_j(b) = (F_jb + κ F/N) / (N_jb + κ),

with p the scenario's own distribution, u the share of uniform draws, and N and F the draws and failures so far, each
weighed by p / q of its own round, so that no place seems worse for having been looked at more often. κ draws' worth of
the mean failure rate stand in each bin from the start.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drive_sim.mining.parameters import VARIANT, Parameter, Place, Value, Values

Floats = NDArray[np.float64]

BINS = 6
"""Of a range."""
PRIOR = 2.0
"""κ: draws that stand in each bin from the start."""
UNIFORM_EVERY = 4
"""Of the draws of a round, each that is a multiple of this is uniform, so that coverage is not lost."""
UNIFORM_SHARE = 1.0 / UNIFORM_EVERY
"""u"""


class Axis:
    """A parameter and the bins of its values."""

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter
        self._options = parameter.options
        self._half = 0.5 if parameter.kind == "count" else 0.0
        low, high = parameter.bounds
        bins = BINS if parameter.kind == "range" else round(high - low) + 1
        self.count = len(self._options) if parameter.kind == "choice" else bins
        """How many bins."""
        self._edges = np.linspace(low - self._half, high + self._half, bins + 1)
        self.shares = {variant: self._shares(place) for variant, place in parameter.places.items()}
        """What share of the scenario's own draws of a variant is in each bin."""

    def bin(self, value: Value) -> int:
        """Which bin a value is in; a whole number stands in the middle of its own."""
        if isinstance(value, str):
            return self._options.index(value)
        return min(max(bisect_right(self._edges, value) - 1, 0), self.count - 1)

    def draw(self, variant: str, factors: Floats, rng: np.random.Generator) -> Value:
        """A value whose bins are as likely as in the scenario's own draws, times ``factors``."""
        shares = self.shares[variant] * factors
        which = int(rng.choice(len(shares), p=shares / shares.sum()))
        within = rng.random()
        if self.parameter.kind == "choice":
            return self._options[which]
        low, high = self.parameter.places[variant].bounds
        low, high = max(low - self._half, self._edges[which]), min(high + self._half, self._edges[which + 1])
        value = float(low + (high - low) * within)
        return int(np.floor(value + 0.5)) if self.parameter.kind == "count" else value

    def _shares(self, place: Place) -> Floats:
        if self.parameter.kind == "choice":
            return np.array([place.options.get(option, 0.0) for option in self._options])
        low, high = place.bounds[0] - self._half, place.bounds[1] + self._half
        overlap = np.clip(np.minimum(self._edges[1:], high) - np.maximum(self._edges[:-1], low), 0.0, None)
        return overlap / overlap.sum()


class Proposal:
    """A distribution over the situations of one scenario."""

    def __init__(self, axes: Sequence[Axis], factors: dict[str, Floats] | None = None) -> None:
        self.axes = axes
        self._factors = factors or {axis.parameter.name: np.ones(axis.count) for axis in axes}
        self._ratios = {
            (axis.parameter.name, variant): self._factors[axis.parameter.name]
            / (shares @ self._factors[axis.parameter.name])
            for axis in axes
            for variant, shares in axis.shares.items()
        }

    @classmethod
    def uniform(cls, parameters: Sequence[Parameter]) -> Proposal:
        """The scenario's own distribution."""
        return cls([Axis(parameter) for parameter in parameters])

    def draw(self, rng: np.random.Generator) -> Values:
        """The values of one situation."""
        values: Values = {}
        variant = self._first_variant
        for axis in self.axes:
            name = axis.parameter.name
            if variant in axis.parameter.places:
                values[name] = axis.draw(variant, self._factors[name], rng)
            variant = str(values.get(VARIANT, variant))
        return values

    def ratio(self, values: Values) -> float:
        """How many times likelier the situation is than among the scenario's own draws: q / p."""
        found, variant = 1.0, str(values.get(VARIANT, self._first_variant))
        for axis in self.axes:
            name = axis.parameter.name
            if name in values:
                found *= float(self._ratios[name, variant][axis.bin(values[name])])
        return found

    @property
    def _first_variant(self) -> str:
        """Any variant: the only one, or one whose choice of variants is that of all."""
        return next(iter(self.axes[0].parameter.places)) if self.axes else ""

    def weight(self, values: Values) -> float:
        """p / q of a situation of a round in which the `UNIFORM_SHARE` is uniform and the rest is of this proposal."""
        return 1.0 / (UNIFORM_SHARE + (1.0 - UNIFORM_SHARE) * self.ratio(values))

    def towards(self, situations: Sequence[Values], bad: Sequence[bool], weights: Floats) -> Proposal:
        """The distribution nearest to the ``bad`` ones of all ``situations`` so far."""
        worst = np.asarray(bad, float) * weights
        mean = worst.sum() / max(weights.sum(), 1e-12)
        if mean == 0.0:
            return Proposal(self.axes)
        factors: dict[str, Floats] = {}
        for axis in self.axes:
            name = axis.parameter.name
            has = [index for index, values in enumerate(situations) if name in values]
            bins = np.array([axis.bin(situations[index][name]) for index in has], int)
            driven = np.bincount(bins, weights[has], axis.count)
            failed = np.bincount(bins, worst[has], axis.count)
            factors[name] = (failed + PRIOR * mean) / (driven + PRIOR)
        return Proposal(self.axes, factors)
