"""Front radar: range, direction and range rate of the nearest road users, as a long-range sensor reports them.

`configuration` describes the sensor, `beams` what it covers and how finely it measures, `visibility` what is visible to
it, `echoes` what is reflected to it. A road user within the near beam is measured by it, one beyond by the far beam;
its radar cross-section counts by the visible share of its width. Mean cross-sections at 76-77 GHz: pedestrians -8 dBsm
(Fortuny-Guasch & Chareau, "Radar Cross Section Measurements of Pedestrian Dummies and Humans in the 24/77 GHz Frequency
Bands", JRC report EUR 25762, 2013), cars 10 dBsm (also the default of MATLAB's driving radar models), lorries 20 dBsm;
those of two-wheelers lie between, those of cones and debris are estimates, and so is the guard rail's post.

Not modelled: several echoes of one long vehicle, multipath (below a car, off a rail), false alarms of noise alone, the
fall of the antenna's gain towards the edge of a beam, interference.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from drive_sim.compute.kernel import allocate, inner_scalar, kernel, to_device, to_host
from drive_sim.compute.randomness import STREAM_RADAR, random_normal, random_uniform
from drive_sim.sensors.radar.beams import at_angle, beam_of, radar_model, signal_gain
from drive_sim.sensors.radar.configuration import RadarConfig
from drive_sim.sensors.radar.echoes import (
    AZIMUTH,
    ECHO_COLUMNS,
    KEY,
    RANGE,
    RATE,
    SIGNAL,
    gather_actors,
    gather_rails,
    merge_echoes,
    section_table,
)
from drive_sim.sensors.radar.visibility import radar_pose
from drive_sim.world.state import (
    ACTOR_BUS,
    ACTOR_CAR,
    ACTOR_CONE,
    ACTOR_CYCLIST,
    ACTOR_DEBRIS,
    ACTOR_LORRY,
    ACTOR_MOTORCYCLE,
    ACTOR_PEDESTRIAN,
)

if TYPE_CHECKING:
    from drive_sim.world.simulator import Simulator

CROSS_SECTION = {
    ACTOR_CAR: 10.0,
    ACTOR_LORRY: 20.0,
    ACTOR_BUS: 20.0,
    ACTOR_MOTORCYCLE: 5.0,
    ACTOR_CYCLIST: 0.0,
    ACTOR_PEDESTRIAN: -8.0,
    ACTOR_CONE: -15.0,
    ACTOR_DEBRIS: -10.0,
}
"""Mean radar cross-section by class [dBsm]."""
NO_DETECTION = -64.0
"""What the cross-section of an empty row reads [dBsm]: the least that the sensor's messages can carry."""
LARGEST_CROSS_SECTION = 64.0
"""[dBsm]"""
LARGEST_RANGE_RATE = 400.0 / 3.6
"""Readings saturate there [m/s]."""


class RadarMemory(NamedTuple):
    """What lasts from one reading to the next; K rows, M echoes at most."""

    detections: Any  # float64 (B, K, 4) of the last cycle
    scan: Any  # int64 (B) number of that cycle, -1 none
    echoes: Any  # float64 (B, M, ECHO_COLUMNS) workspace


@inner_scalar
def _detect(world, state, model, i, scan, echoes, n):
    """Turn echo ``n`` into a measurement in place, its S into RCS [dBsm]; whether it is detected."""
    distance, azimuth, mean = echoes[i, n, RANGE], echoes[i, n, AZIMUTH], echoes[i, n, SIGNAL]
    if mean == 0.0:
        return False
    seed, key = world.seed[i], int(echoes[i, n, KEY])
    gain = signal_gain(model, distance, world.weather.rain[i])
    if not model.noisy:
        echoes[i, n, SIGNAL] = 10.0 * math.log10(mean / gain)
        return math.exp(-model.threshold / (1.0 + mean)) >= 0.5
    power = -(1.0 + mean) * math.log(1.0 - random_uniform(seed, STREAM_RADAR, scan, 8 * key + 6))
    if power <= model.threshold:
        return False
    near = beam_of(model, distance, azimuth) == 0
    beam = model.near if near else model.far
    spread = at_angle(beam.angles, beam.azimuth_noise, azimuth)
    echoes[i, n, RANGE] += beam.range_noise * random_normal(seed, STREAM_RADAR, scan, 4 * key)
    echoes[i, n, AZIMUTH] += spread * random_normal(seed, STREAM_RADAR, scan, 4 * key + 1)
    echoes[i, n, RATE] += model.rate_noise * random_normal(seed, STREAM_RADAR, scan, 4 * key + 2)
    echoes[i, n, SIGNAL] = 10.0 * math.log10((power - 1.0) / gain)
    return True


@inner_scalar
def _fill_rows(model, i, echoes, count, rows):
    """Write the nearest echoes that have a range into the rows of world ``i``, and what means "nothing" into others."""
    for row in range(rows.shape[1]):
        best = -1
        for n in range(count):
            if echoes[i, n, RANGE] < math.inf and (best < 0 or echoes[i, n, RANGE] < echoes[i, best, RANGE]):
                best = n
        if best < 0:
            rows[i, row, 0] = model.max_range
            rows[i, row, 1] = rows[i, row, 2] = 0.0
            rows[i, row, 3] = NO_DETECTION
        else:
            for column in range(4):
                rows[i, row, column] = echoes[i, best, column]
            # Above what an empty row reads, so that this alone tells them apart.
            rows[i, row, 3] = max(rows[i, row, 3], NO_DETECTION + 1.0)
            echoes[i, best, RANGE] = math.inf


@kernel(grain=32, infinite=("memory.echoes",))
def _read(i, roads, world, state, sections, model, memory, limits, out):
    """The radar of one world: a new measurement if a cycle has ended, else the last one again."""
    scan = int(math.floor(state.step[i] * model.scans_per_step + 1e-9))
    if memory.scan[i] != scan or state.step[i] == 0:
        echoes = memory.echoes
        pose = radar_pose(world, state, model, i)
        count = gather_actors(roads, world, state, sections[0], model, pose, i, echoes)
        if model.noisy:
            count = gather_rails(roads, world, state, model, pose, i, scan, echoes, count)
        merge_echoes(model, i, echoes, count)
        for n in range(count):
            if not _detect(world, state, model, i, scan, echoes, n):
                echoes[i, n, RANGE] = math.inf
        _fill_rows(model, i, echoes, count, memory.detections)
        memory.scan[i] = scan
    for row in range(memory.detections.shape[1]):
        for column in range(4):
            value = min(max(memory.detections[i, row, column], limits[0][column]), limits[1][column])
            out[0][i, row, column] = value


class Radar:
    """The radars of B cars: float32 (B, K, 4), rows by rising range.

    Columns: range [m], azimuth against the beams' middle [rad, left positive], range rate [m/s, positive: it goes away,
    the car's own motion included], radar cross-section [dBsm]. Rows without a detection come last and read
    [max_range, 0, 0, NO_DETECTION].
    """

    Config = RadarConfig
    memory: RadarMemory

    def __init__(self, config: RadarConfig, period: float, device: str = "cpu") -> None:
        self.config, self.device = config, device
        self.model = radar_model(config, period)
        self._sections = (to_device(device, section_table(CROSS_SECTION)),)
        self._limits = tuple(to_device(device, limit.astype(np.float64)) for limit in self._row_limits())
        self.memory = self._empty(0, 0)

    def _row_limits(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        low = np.array([0.0, -math.pi, -LARGEST_RANGE_RATE, NO_DETECTION], np.float32)
        high = np.array([self.config.max_range, math.pi, LARGEST_RANGE_RATE, LARGEST_CROSS_SECTION], np.float32)
        return low, high

    def _empty(self, batch: int, slots: int) -> RadarMemory:
        echoes = slots + 2 * self.config.rail_echoes
        return RadarMemory(
            detections=allocate(self.device, (batch, self.config.detections, 4), np.float64),
            scan=to_device(self.device, np.full(batch, -1, np.int64)),
            echoes=allocate(self.device, (batch, echoes, ECHO_COLUMNS), np.float64),
        )

    @property
    def bounds(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Smallest and largest reading of one world, float32 (K, 4)."""
        low, high = self._row_limits()
        return np.tile(low, (self.config.detections, 1)), np.tile(high, (self.config.detections, 1))

    def reset(self, batch: int, mask: Any = None) -> None:
        """Begin a new episode where the mask says so (bool (B); None: everywhere)."""
        if mask is None or self.memory.scan.shape[0] != batch:
            self.memory = self._empty(batch, 0)
            return
        scan = np.array(to_host(self.memory.scan))
        scan[np.asarray(mask, bool)] = -1
        self.memory = self.memory._replace(scan=to_device(self.device, scan))

    def sense(self, simulator: Simulator) -> Any:
        """One reading of every world."""
        batch, slots = simulator.batch_size, simulator.slots
        if self.memory.scan.shape[0] != batch:
            self.reset(batch)
        if self.memory.echoes.shape[1] < slots + 2 * self.config.rail_echoes:
            self.memory = self.memory._replace(echoes=self._empty(batch, slots).echoes)
        out = allocate(self.device, (batch, self.config.detections, 4), np.float32)
        _read(
            self.device, batch, simulator.roads, simulator.world, simulator.state, self._sections, self.model,
            self.memory, self._limits, (out,),
        )  # fmt: skip
        return out
