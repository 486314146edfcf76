"""Drivers: each answers an observation with an action.

`driver` is the protocol they share and `registry` finds one by name. `human` holds input devices and the human model,
`planning` the drivers that plan on the simulator's state, `neural` the networks; `classical` and `straight` need
neither.
"""
