"""Networks that drive.

`networks` says what one is, of which `settings`, and what its answers mean (`decoding`); `pilotnet` is this package's,
those in `temporal` look at several moments, `registry` finds them by name, `cost` counts their operations.
`model_folder` reads and writes a trained one. `inference` makes it batch-invariant; `driver` (on the host, with a
`memory` of earlier moments) and `device_driver` put it at the wheel, and `attention` says what it looks at.
"""
