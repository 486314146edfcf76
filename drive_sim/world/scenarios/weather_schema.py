"""What ``weather.toml`` and ``surfaces.toml`` may say: frozen, typed tables; unknown keys are errors."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from drive_sim.world.scenarios.ranges import NotNegative, Palette, Positive, Range, Share, Table, Weights
from drive_sim.world.state import PAVINGS, ROADSIDES


class WeatherRanges(Table):
    """A weather domain: ranges of the fields of `drive_sim.world.state.Weather`, which see."""

    friction: Positive
    fog_visibility: Positive = (1e6, 1e6)
    wetness: Share = (0.0, 0.0)
    rain: NotNegative = (0.0, 0.0)
    night: Share = (0.0, 0.0)
    sun_azimuth: Range = (0.0, 2.0 * np.pi)
    sun_elevation: Range = (0.3, 1.2)
    sun_strength: Share
    exposure: Positive = (0.9, 1.1)
    camera_noise: NotNegative = (0.5, 1.5)
    asphalt: Palette
    asphalt_texture: Share = (0.2, 0.8)
    verge: Palette
    verge_texture: Share = (0.3, 0.9)
    marking_wear: Share = (0.0, 0.4)
    sky: Palette
    horizon: Palette
    scenery: Share = (0.1, 0.9)
    shutter: Positive = (1.0, 1.0)
    paving: Weights = Field(default_factory=lambda: {"asphalt": 1.0})
    """Kinds of `drive_sim.world.state.PAVINGS` by weight; ``surfaces.toml`` says what each looks like."""
    roadside: Weights = Field(default_factory=lambda: {"grass": 1.0})
    """Kinds of `drive_sim.world.state.ROADSIDES` by weight."""
    sight: Positive = (400.0, 400.0)
    """How far a driver sees an unlit obstacle: the speed limit is lowered to what stops within it."""
    splits: tuple[Literal["train", "validation", "test"], ...] = ("train", "validation", "test")
    """Whose scenarios may have this weather: what is for test only, nothing ever learns from."""

    @model_validator(mode="after")
    def _surfaces(self) -> WeatherRanges:
        for field, weights, known in (("paving", self.paving, PAVINGS), ("roadside", self.roadside, ROADSIDES)):
            unknown = set(weights) - set(known)
            if unknown:
                raise ValueError(f"there is no {field} {sorted(unknown)[0]}; choose from {', '.join(known)}")
        return self


class Surface(Table):
    """What a paving or roadside looks like, where it differs from the weather's ``asphalt`` or ``verge``."""

    colours: Palette | None = None
    """An episode draws a mixture of them; without any, of the weather's."""
    texture: Share | None = None
    """How much of its texture shows; as the weather says if not given."""
