"""drive_sim: drive, record, learn and prove.

In the order in which data passes: `world` holds what exists and how it moves, `sensors` observes it, `drivers` answer
with actions, and `rollout` closes the loop. `envs` offers the same worlds to Gymnasium; `recording` keeps episodes,
`learning` trains networks on them, `evaluation` scores drivers, `mining` searches for what they fail at; `window`,
`bench` and `cli` are what a person uses, `top_down` draws the map that they show.
`compute` and `base` serve all of them.
"""

import gymnasium

__version__ = "0.1.0"

# By name only: what an environment needs is imported when one is made.
gymnasium.register(
    id="DriveSim-v0",
    entry_point="drive_sim.envs:DriveEnv",
    vector_entry_point="drive_sim.envs:DriveVectorEnv",
)
