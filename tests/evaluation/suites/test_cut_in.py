"""Cut-ins on both sides of the border that UN R157, 5.2.5.2, draws, and of the one that the driver's figures give."""

from __future__ import annotations

import pytest

from drive_sim.drivers.registry import make_driver
from drive_sim.evaluation.suites.cut_in import CutIn, collides, demanded_time, reference_time
from drive_sim.rollout import Observer, run
from drive_sim.world.simulator import Simulator

KMH = 3.6


def test_the_demanded_time_is_the_regulations() -> None:
    """36 km/h slower: 10 / 12 + 0.35 = 1.1833 s."""
    assert demanded_time(10.0) == pytest.approx(1.18333, abs=1e-5)


def test_the_references_own_time_is_worked_out_from_its_figures() -> None:
    """v_rel 10 m/s at 1 m/s sideways: 10 / 15.186 + 1.15 - τ + 0.3 - 7.593 · 0.36 / 240, τ from the half cosine."""
    cut_in = CutIn(36.0, 10.0, 1.0, 0.0)
    waited = cut_in.intrusion_time - cut_in.wandering_time
    assert waited == pytest.approx(1.0, abs=0.03)
    assert reference_time(cut_in) == pytest.approx(0.6585 + 1.15 - waited + 0.3 - 0.0114, abs=1e-3)


class _Gap(Observer):
    """Bumper to bumper, and how far the other is over, at every step."""

    def __init__(self, cut_in: CutIn) -> None:
        self.rows: list[tuple[float, float, float]] = []
        self.cut_in = cut_in

    def on_step(self, step) -> None:
        state, actors = step.simulator.state, step.simulator.world.actors
        gap = state.actor_s[0, 0] - state.s[0] - 0.5 * (actors.length[0, 0] + step.simulator.vehicle.length)
        self.rows.append((float(state.time[0]), float(gap), float(actors.start_d[0, 0] - state.actor_d[0, 0])))


def test_the_drive_has_the_time_to_collision_at_lane_intrusion_that_was_ordered() -> None:
    cut_in = CutIn(25.0, 10.0, 1.4, 1.5)
    gaps = _Gap(cut_in)
    run(Simulator([cut_in.episode()]), make_driver("r157"), (gaps,), max_steps=80)
    time, gap, moved = next(row for row in gaps.rows if row[0] >= 1.0 + cut_in.intrusion_time)
    assert gap / cut_in.closing_speed == pytest.approx(1.5, abs=0.06)
    assert moved == pytest.approx(cut_in.moved(time - 1.0), abs=1e-6)
    # The tyre's outside is 0.3 m beyond the marking, but for what the car is turned.
    assert 1.0 < moved < 1.75 + 0.075 + 0.3 - 0.9 + 0.01


@pytest.mark.parametrize("ego", [60.0, 130.0])
@pytest.mark.parametrize("lateral", [1.0, 1.8])
@pytest.mark.parametrize("closing", [20.0, 40.0])
@pytest.mark.slow
def test_the_border_lies_where_the_drivers_figures_put_it(ego: float, lateral: float, closing: float) -> None:
    border = reference_time(CutIn(ego / KMH, closing / KMH, lateral, 0.0))
    before, beyond = (CutIn(ego / KMH, closing / KMH, lateral, border + shift) for shift in (-0.12, 0.12))
    assert collides([before, beyond]).tolist() == [True, False]


def test_at_one_metre_per_second_sideways_the_border_is_also_the_regulations() -> None:
    """60 km/h, 20 to 40 km/h slower: a quarter of a second to either side of it decides."""
    pairs = [
        CutIn(60.0 / KMH, closing / KMH, 1.0, demanded_time(closing / KMH) + shift)
        for closing in (20.0, 30.0, 40.0)
        for shift in (-0.25, 0.25)
    ]
    assert collides(pairs).tolist() == [True, False] * 3
