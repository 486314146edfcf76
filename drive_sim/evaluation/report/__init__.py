"""``report.html``, one file without a network.

`page` puts it together from sections, a module each: `limits`, `heat_map`, `failures` with their `videos`, `plots` and
`maps`, `training_seeds`, `third_party`. `words` and `tables` serve all of them, `comparison_page` and
`comparison_words` tell of two drivers, `side_by_side` of two results, `junit` is the report for continuous integration.
"""
