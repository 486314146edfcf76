"""Where a search looks next: a distribution over a scenario's parameters, moved towards failures.

The cross-entropy method (Rubinstein & Kroese 2004): of all distributions whose parameters are independent, the one
nearest to the failures has as marginals those of the failures. With bins b of each parameter, a draw has density

    q(x) / p(x) = u + (1 − u) Π_j r_j(b_j) / E_p[r_j],    r_j(b) = (F_jb + κ F/N) / (N_jb + κ),

with p the scenario's own distribution, u the share of uniform draws, and N and F the draws and failures so far, each
weighed by p over the mixture of the distributions that they came from, so that no place seems worse for having been
looked at more often. κ draws' worth of the mean failure rate stand in each bin from the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_sim.mining.parameters import VARIANT, Parameter, Place, Value, Values

Floats = NDArray[np.float64]

BINS = 6
"""Of a range."""
PRIOR = 3.0
"""κ: draws that stand in each bin from the start."""
UNIFORM_EVERY = 4
"""Of the draws of a round, each that is a multiple of this is uniform, so that coverage is not lost."""


@dataclass(frozen=True)
class Axis:
    """A parameter and the bins of its values."""

    parameter: Parameter

    @property
    def count(self) -> int:
        """How many bins."""
        parameter = self.parameter
        if parameter.kind == "choice":
            return len(parameter.options)
        return BINS if parameter.kind == "range" else round(parameter.bounds[1] - parameter.bounds[0]) + 1

    def bin(self, value: Value) -> int:
        """Which bin a value is in."""
        if isinstance(value, str):
            return self.parameter.options.index(value)
        edges = self.edges
        return int(np.clip(np.searchsorted(edges, value, side="right") - 1, 0, self.count - 1))

    @property
    def edges(self) -> Floats:
        """Of the bins of numbers; a whole number stands in the middle of its own."""
        low, high = self.parameter.bounds
        half = 0.5 if self.parameter.kind == "count" else 0.0
        return np.linspace(low - half, high + half, self.count + 1)

    def shares(self, variant: str) -> Floats:
        """What share of the scenario's own draws of a variant is in each bin."""
        place = self.parameter.places[variant]
        if self.parameter.kind == "choice":
            return np.array([place.options.get(option, 0.0) for option in self.parameter.options])
        low, high = self._bounds(place)
        edges = self.edges
        overlap = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0.0, None)
        return overlap / overlap.sum()

    def draw(self, variant: str, factors: Floats, rng: np.random.Generator) -> Value:
        """A value whose bins are as likely as in the scenario's own draws, times ``factors``."""
        shares = self.shares(variant) * factors
        which = int(rng.choice(len(shares), p=shares / shares.sum()))
        within = rng.random()
        if self.parameter.kind == "choice":
            return self.parameter.options[which]
        low, high = self._bounds(self.parameter.places[variant])
        low, high = max(low, self.edges[which]), min(high, self.edges[which + 1])
        value = float(low + (high - low) * within)
        return int(np.floor(value + 0.5)) if self.parameter.kind == "count" else value

    def _bounds(self, place: Place) -> tuple[float, float]:
        half = 0.5 if self.parameter.kind == "count" else 0.0
        return place.bounds[0] - half, place.bounds[1] + half


class Proposal:
    """A distribution over the situations of one scenario."""

    def __init__(self, parameters: Sequence[Parameter], factors: dict[str, Floats] | None = None) -> None:
        self.axes = [Axis(parameter) for parameter in parameters]
        self._factors = factors or {axis.parameter.name: np.ones(axis.count) for axis in self.axes}

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
                factors = self._factors[name]
                found *= float(factors[axis.bin(values[name])] / (axis.shares(variant) @ factors))
        return found

    @property
    def _first_variant(self) -> str:
        """Any variant: the only one, or one whose choice of variants is that of all."""
        return next(iter(self.axes[0].parameter.places)) if self.axes else ""

    def towards(self, situations: Sequence[Values], bad: Sequence[bool], weights: Floats) -> Proposal:
        """The distribution nearest to the ``bad`` ones of all ``situations`` so far."""
        worst = np.asarray(bad, float) * weights
        mean = worst.sum() / max(weights.sum(), 1e-12)
        if mean == 0.0:
            return Proposal([axis.parameter for axis in self.axes])
        factors: dict[str, Floats] = {}
        for axis in self.axes:
            name = axis.parameter.name
            has = [index for index, values in enumerate(situations) if name in values]
            bins = np.array([axis.bin(situations[index][name]) for index in has], int)
            driven = np.bincount(bins, weights[has], axis.count)
            failed = np.bincount(bins, worst[has], axis.count)
            factors[name] = (failed + PRIOR * mean) / (driven + PRIOR)
        return Proposal([axis.parameter for axis in self.axes], factors)


def weights_of(situations: Sequence[Values], rounds: Sequence[tuple[Proposal, float]]) -> Floats:
    """p over the mixture that the situations came from: proposals, each with its share of all draws (Σ = 1)."""
    return np.array([
        1.0 / sum(share * proposal.ratio(values) for proposal, share in rounds if share > 0.0) for values in situations
    ])  # fmt: skip
