"""Every configuration that is accepted is a sensor that reads numbers within its bounds."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drive_sim.base.errors import InputError
from drive_sim.sensors.registry import BUILT_IN, SENSORS
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator

NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 1e-320, 1e-9, 1e-3, 0.499, 2.0 * math.pi, 100.0, 1e6, 1e9, 1e300, math.inf, math.nan]),
    st.floats(),
    st.floats(0.0, 1e3),
    st.integers(-3, 2000),
)


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    """One world in motion, with another car and walls to meet."""
    simulator = Simulator([load_scenario("obstacle-avoidance/mixed", "train").draw(1)], slots=8)
    for _ in range(3):
        simulator.step(np.array([[0.3, 0.5]], np.float32))
    return simulator


def changed(value: Any, data: st.DataObject) -> Any:
    """A value of a field replaced by another of its shape, which may be impossible."""
    if isinstance(value, bool):
        return data.draw(st.booleans())
    if isinstance(value, tuple):
        return tuple(data.draw(NUMBERS) for _ in value)
    if hasattr(value, "__dataclass_fields__"):
        return several(value, data)
    number = data.draw(NUMBERS)
    whole = isinstance(value, int) and math.isfinite(number)
    return min(int(number), 3000) if whole else number


def several(config: Any, data: st.DataObject) -> Any:
    """The configuration, or one with some of its fields changed if that is accepted."""
    names = data.draw(st.lists(st.sampled_from([one.name for one in fields(config)]), max_size=4, unique=True))
    values = {one.name: getattr(config, one.name) for one in fields(config)}
    try:
        return type(config)(**{**values, **{name: changed(values[name], data) for name in names}})
    except InputError:
        return config


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILT_IN)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_what_is_accepted_reads_numbers_within_its_bounds(name: str, data: st.DataObject, simulator: Simulator) -> None:
    kind = SENSORS[name]
    sensor = kind(several(kind.Config(), data), device="cpu", period=simulator.control_period)
    low, high = sensor.bounds
    sensor.reset(1)
    reading = sensor.sense(simulator)
    assert reading.shape == (1, *low.shape)
    assert np.isfinite(reading).all()
    assert (low <= reading[0]).all()
    assert (reading[0] <= high).all()
