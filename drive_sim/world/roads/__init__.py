"""Roads: from a class and a seed, or from a file, to what kernels look up.

`alignment` and `generator` draw roads of a class, `csv_import` reads surveyed ones and `centre_line` smooths them;
`road` makes arcs and a cross-section of either; `grid` finds the arc below a point and `coordinates` its s and d;
`pool` stacks the roads of a running simulator. `careful_speed` says how fast a careful driver takes a road.
"""
