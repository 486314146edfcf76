"""Pages and tables of the docs that the code writes.

`markdown` has what all share; `commands` and `keys` write whole pages, `recipes`, `sensors`, `results` and `suites` the
tables below the markers of other pages; ``scripts/write_reference.py`` puts them there.
"""
