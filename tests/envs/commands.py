"""Commands that tests of the environments drive with."""

from __future__ import annotations

import numpy as np

from drive_sim.envs import DriveEnv

QUIET = ("odometry",)
FULL_THROTTLE, COAST, HARD_LEFT = ((0.0, 1.0), (0.0, 0.0), (1.0, 0.5))


def action(command: tuple[float, float] = COAST) -> np.ndarray:
    return np.array(command, np.float32)


def drive_until_the_end(env: DriveEnv, command: tuple[float, float], most: int = 3000):
    for _ in range(most):
        *_, terminated, truncated, info = step = env.step(action(command))
        if terminated or truncated:
            return step, info
    raise AssertionError(f"no end after {most} steps")
