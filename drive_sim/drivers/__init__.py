"""Drivers: each answers an observation with an action.

`driver` is the protocol they share and `registry` finds one by name. `human` holds input devices and the human model,
`planning` the drivers that plan on the simulator's state, `neural` the networks, `external` takes drivers that are not
this package's; `classical` (OpenCV) and `straight` need none of these.
"""
