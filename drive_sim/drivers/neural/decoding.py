"""From a network's logits to the curvature and the speed that it asks for, and to the command that drives them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import inner_scalar, kernel
from drive_sim.world.ego.vehicle import acceleration_command, steering_command

CURVATURE_REACH, SPEED_REACH = 3, 1
"""How many bins on each side of the middle of a window that `decode` takes a mean over."""
SPEED_QUANTILE = 0.35
"""Of the speeds that the network thinks possible, the one driven: too fast costs more than too slow."""
SPEED_TIME = 0.7
"""Time in which the speed controller closes the gap to the target speed [s]."""
HARDEST_BRAKING = 8.0
"""Deceleration that it asks for at most [m/s²]."""


@inner_scalar
def _value_at(centres, place):
    """Value at a place counted in bins, between their centres."""
    low = min(max(int(place), 0), centres.shape[0] - 1)
    high = min(low + 1, centres.shape[0] - 1)
    return centres[low] + (centres[high] - centres[low]) * (place - low)


@inner_scalar
def _are_finite(logits, b):
    """Whether every logit (B, bins) of world ``b`` is a finite number."""
    finite = True
    for k in range(logits.shape[1]):
        finite = finite and math.isfinite(logits[b, k])
    return finite


@kernel(grain=128)
def decode_row(b, out, logits, centres, reach):
    """What world ``b``'s logits (B, bins) say, see `decode`."""
    bins = centres[0].shape[0]
    if not _are_finite(logits[0], b):
        out[0][b] = math.nan
        return
    if bins == 1:
        out[0][b] = logits[0][b, 0] * centres[0][0]
        return
    highest = logits[0][b, 0]
    for k in range(1, bins):
        highest = max(highest, logits[0][b, k])
    most = -1.0
    for middle in range(bins):
        share, sum_of_places = 0.0, 0.0
        for k in range(max(middle - reach, 0), min(middle + reach, bins - 1) + 1):
            weight = math.exp(float(logits[0][b, k] - highest))
            share += weight
            sum_of_places += weight * k
        if share > most:
            most = share
            out[0][b] = _value_at(centres[0], sum_of_places / share)


@kernel(grain=384)
def decode_quantile_row(b, out, logits, centres, share):
    """What world ``b``'s logits (B, bins) say, see `decode_quantile`."""
    bins = centres[0].shape[0]
    if not _are_finite(logits[0], b):
        out[0][b] = math.nan
        return
    if bins == 1:
        out[0][b] = logits[0][b, 0] * centres[0][0]
        return
    highest, total = logits[0][b, 0], 0.0
    for k in range(1, bins):
        highest = max(highest, logits[0][b, k])
    for k in range(bins):
        total += math.exp(float(logits[0][b, k] - highest))
    below, place = 0.0, -1.0
    for k in range(bins):
        weight = math.exp(float(logits[0][b, k] - highest)) / total
        if place < 0.0 and below + weight >= share:
            place = max(k - 0.5 + (share - below) / weight, 0.0)
        below += weight
    # Rounding may leave the whole a little below 1.
    out[0][b] = _value_at(centres[0], bins - 1.0 if place < 0.0 else min(place, bins - 1.0))


def decode(
    logits: NDArray[np.float32], centres: NDArray[np.float32], reach: int = CURVATURE_REACH
) -> NDArray[np.float32]:
    """Values (B) from distributions over bins (B, bins): the mean within the most likely *window* of bins.

    A window reaches ``reach`` bins to each side of its middle. A mean over all bins would average "left" and "right"
    into the obstacle; the most likely single bin would jump. The mean is one of places among the bins, as the labels
    are spread out (`soft_bins`): of values, whose bins widen outwards, it would make every bend tighter. A row's value
    never depends on the other rows, not in its last bit; it is NaN where one of the row's logits is not finite. A
    single bin is no distribution but the value itself, in units of the bin's.
    """
    out = np.zeros(len(logits), np.float32)
    decode_row("cpu", len(logits), (out,), (np.ascontiguousarray(logits, np.float32),), (centres,), reach)
    return out


def decode_quantile(logits: NDArray[np.float32], centres: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Values (B) below which ``share`` of the distributions over bins (B, bins) lies; rows are independent as above.

    Below one half it is the answer that is right where too much costs more than too little (pinball loss, Koenker &
    Bassett 1978): a doubt is enough to slow down. A single bin is the value itself, as above.
    """
    out = np.zeros(len(logits), np.float32)
    decode_quantile_row("cpu", len(logits), (out,), (np.ascontiguousarray(logits, np.float32),), (centres,), share)
    return out


@kernel(grain=2048)
def command_car(b, out, wish, speed, vehicle, hardest):
    """Curvature [1/m] and target speed [m/s] to the action of world b; NaN, at which the simulator brakes, of NaN."""
    curvature, target = wish[0][b], wish[1][b]
    if not (math.isfinite(curvature) and math.isfinite(target) and math.isfinite(speed[0][b])):
        out[0][b, 0] = out[0][b, 1] = math.nan
        return
    out[0][b, 0] = steering_command(vehicle, curvature, speed[0][b])
    acceleration = (target - speed[0][b]) / SPEED_TIME
    acceleration = min(max(acceleration, -hardest), 2.5)
    out[0][b, 1] = acceleration_command(vehicle, acceleration, speed[0][b])
