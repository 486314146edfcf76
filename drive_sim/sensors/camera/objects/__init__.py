"""Everything that stands on the ground or sticks to the lens, as polygons from far to near.

`meshes` are shapes as data, with `materials` on their polygons; `actors` and `roadside` say what stands where,
`placing` turns a mesh into `polygons` in the image, which pixels read as `scanlines`, and `assembly` collects them all
in painter's order.
"""
