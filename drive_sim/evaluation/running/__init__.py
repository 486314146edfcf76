"""Driving a suite.

`episodes` runs batches through the closed loop and scores them, `preventability` has the
reference driver drive them too, `energy` reads what a GPU took, `summary` makes results of it all; `replays` and
`scored_episode` drive scored episodes again; `export_check` drives a network and the file exported from it alike.
"""
