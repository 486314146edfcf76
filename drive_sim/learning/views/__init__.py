"""Views: what a network sees in training, and what it should have answered.

`episodes` are recorded ones, `strata` say how often each of their moments is drawn, `labels` what should have been
answered there, and `source` renders it, shifted and turned. What a view looks like is `appearance`: other weather, or,
for a share of them, what is `randomised` far beyond nature, with `image_effects` on the finished image.
`visible_objects` labels who is seen.
"""
