"""Networks that drive.

`networks` says what one is, `pilotnet` is this package's, `registry` finds them by name. `inference` makes one
batch-invariant; `driver` (on the host) and `device_driver` put it at the wheel.
"""
