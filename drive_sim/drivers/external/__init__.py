"""Drivers that are not this package's.

`loading` finds a class, factory or function of the user's by reference, or takes an object; `adapter` fills in what it
leaves out, checks what it answers and names its line where it raises. `onnx_driver` drives by an ONNX file, which says
by an `onnx_declaration` what it takes and answers; `onnx_export` writes such a file of a trained network.
`sb3_policy` drives by a policy of Stable-Baselines3.
"""
