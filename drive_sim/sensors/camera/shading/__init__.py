"""How bright a pixel is that shows ground or sky.

`road_coordinates` gives s and d of the ground below a pixel; `ground` and `markings` its reflectance, `guard_rails`
what stands before it; `sky` what lies above the horizon; `light` what air, headlights and water do to both.
`textures` holds the filtered textures, painted once by `ground_textures` and `tree_textures`.
"""
