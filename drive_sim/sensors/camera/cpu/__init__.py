"""A CPU's way through an image: block by block of rows, and in each block eight pixels at a time.

`rasteriser` takes the blocks in turn. For each, `samples` finds road coordinates at some pixels of every row,
`segments` sorts the stretches between neighbouring samples by what they show, `texture_levels` keeps what the rows'
textures need, `ground_pass` shades ground and sky segment by segment, and `polygon_pass` lays the objects over them.
"""
