"""Views: what a network sees in training, and what it should have answered.

`episodes` are recorded ones, `strata` say how often each of their moments is drawn, `labels` what should have been
answered there, and `source` renders it, shifted, turned and in other weather; `visible_objects` labels who is seen.
"""
