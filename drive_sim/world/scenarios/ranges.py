"""What tables of scenario files are made of: ranges, shares and weights, and how an episode draws from a range.

A range is a number or ``[low, high]``.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

LARGEST = 10_000.0
"""No road that an episode needs is longer [m]: one of that length is drawn within a second."""
LARGEST_NUMBER = 1e6
"""No number of a range is larger: a visibility of 1,000 km is as good as none."""


def _as_range(value: Any) -> Any:
    return (value, value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if max(abs(value[0]), abs(value[1])) > LARGEST_NUMBER:
        raise ValueError(f"[{value[0]:g}, {value[1]:g}] reaches beyond {LARGEST_NUMBER:g}; give smaller numbers")
    if value[0] > value[1]:
        raise ValueError(f"[{value[0]:g}, {value[1]:g}] runs downwards; put the smaller number first")
    return value


def _positive(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] <= 0.0:
        raise ValueError(f"{value[0]:g} is not positive; give numbers above 0")
    return value


def _not_negative(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] < 0.0:
        raise ValueError(f"{value[0]:g} is negative; give numbers from 0 up")
    return value


def _share(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] < 0.0 or value[1] > 1.0:
        raise ValueError("a share lies outside 0..1; give numbers in 0..1")
    return value


def _weighted(value: dict[str, float]) -> dict[str, float]:
    if not value or any(weight < 0.0 for weight in value.values()) or sum(value.values()) <= 0.0:
        raise ValueError("the weights leave nothing to draw; give at least one name a weight above 0")
    return value


Range = Annotated[tuple[float, float], BeforeValidator(_as_range), AfterValidator(_ordered)]
Positive = Annotated[Range, AfterValidator(_positive)]
NotNegative = Annotated[Range, AfterValidator(_not_negative)]
Share = Annotated[Range, AfterValidator(_share)]
Weights = Annotated[dict[str, float], AfterValidator(_weighted)]
Channel = Annotated[float, Field(ge=0.0, le=1.0)]
Palette = Annotated[tuple[tuple[Channel, Channel, Channel], ...], Field(min_length=1)]
"""Colours; an episode draws a mixture of them."""


def draw(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    """A number uniform in the range; always takes one random number, so that equal bounds change no other draw."""
    return float(bounds[0] + (bounds[1] - bounds[0]) * rng.random())


class Table(BaseModel):
    """A table of a scenario file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
