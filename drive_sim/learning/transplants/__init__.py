"""Transplanted manoeuvres: what a person did in ten minutes, driven again on roads that they never saw.

`passes` finds each obstacle and road user that the person got past, with their path and speed there, and `habit` how
they keep a lane: offset and speed against curvature. `scenes` puts the habit, and `encounters` a pass, onto another
road of the training kind, mirrored, scaled and in other weather where that is sound, as a `timed_path`. `following`
drives it with the real car among reactive actors, and `transplanting` keeps the runs without a failure as episodes that
views are drawn from.
"""
