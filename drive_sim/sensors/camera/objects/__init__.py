"""Everything that stands on the ground or sticks to the lens, as polygons from far to near.

`meshes` are shapes as data, with `materials` painted on their faces; `actors` and `roadside` say what stands where,
`placing` turns a mesh into `polygons` in the image, and `assembly` collects them all in drawing order.
"""
