"""drive_sim: drive, record, learn and prove."""

import gymnasium

__version__ = "0.1.0"

# By name only: what an environment needs is imported when one is made.
gymnasium.register(
    id="DriveSim-v0",
    entry_point="drive_sim.envs:DriveEnv",
    vector_entry_point="drive_sim.envs:DriveVectorEnv",
)
