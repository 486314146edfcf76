"""Counter-based random numbers: every draw is a pure function of (seed, stream, counter, index).

Nothing depends on how many worlds are in a batch, on their order or on earlier draws, so that a world run alone
equals the same world in a batch. The mixing function is the finaliser of SplitMix64 (Steele, Lea & Flood 2014,
"Fast splittable pseudorandom number generators"), applied once per key word. Scalar functions for kernels, and
`generator` for NumPy code that sets up an episode.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

from drive_sim.compute.kernel import scalar

# RNG streams. One number each, never reused, so that a new consumer changes no other stream's numbers.
STREAM_LIDAR = 1
STREAM_IMU = 2
STREAM_GNSS = 3
STREAM_ODOMETRY = 4
STREAM_CAMERA = 5
STREAM_HUMAN_MODEL = 6
STREAM_TEXTURE = 8
STREAM_DROPS = 9
STREAM_RADAR = 10
STREAM_CAMERA_GRAIN = 11
STREAM_CAMERA_DIRT = 12
STREAM_CAMERA_LOSSES = 13

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2**-53


@scalar
def _mix(z):
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@scalar
def random_bits(seed, stream, counter, index):
    """64 random bits (uint64) for integers ``seed``, ``stream``, ``counter`` (a step) and ``index`` (a beam, say)."""
    z = _mix(np.uint64(seed) + _GOLDEN)
    z = _mix(z + np.uint64(stream) * _GOLDEN)
    z = _mix(z + np.uint64(counter) * _GOLDEN)
    return _mix(z + np.uint64(index) * _GOLDEN)


@scalar
def random_uniform(seed, stream, counter, index):
    """A number in [0, 1), 53 bits."""
    return np.float64(random_bits(seed, stream, counter, index) >> _S11) * _TO_UNIT


@scalar
def random_normal(seed, stream, counter, index):
    """A standard normal number (Box & Muller 1958); uses indices ``2 index`` and ``2 index + 1`` of its stream."""
    u = 1.0 - random_uniform(seed, stream, counter, 2 * index)
    v = random_uniform(seed, stream, counter, 2 * index + 1)
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)


def key(*parts: object) -> int:
    """A 63-bit seed from any printable parts, the same on every machine: ``key("test", "rural", 7)``."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def generator(*parts: object) -> np.random.Generator:
    """A NumPy generator keyed by the parts (Philox, counter-based), for drawing what an episode consists of."""
    return np.random.Generator(np.random.Philox(key=key(*parts)))
