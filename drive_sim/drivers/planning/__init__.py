"""Drivers that plan from the truth, and what they plan with.

Each step: `situation` describes the road and the actors ahead, `line_of_sight` and `risk` say which of them are seen
and which are a danger, `path` finds a way past, `speed` how fast to take it, `plan` turns both into a command.
`planner` is what these drivers share; `expert` and `r157` (the reference driver after UN R157) are two of them.
"""
