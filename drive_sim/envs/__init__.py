"""Gymnasium environments: `DriveEnv` and its batch, `DriveVectorEnv`, registered as ``DriveSim-v0``.

Both are thin wrappers of the same worlds: a batch of B on one `Simulator`. World i of a batch goes through the very
numbers that `DriveEnv` with the same seed goes through. Reward and end of an episode: `drive_sim.world.reward`.
"""

from drive_sim.envs.drive_env import DriveEnv
from drive_sim.envs.vector_env import DriveVectorEnv

__all__ = ["DriveEnv", "DriveVectorEnv"]
