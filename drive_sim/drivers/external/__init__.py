"""Drivers that are not this package's.

`loading` finds a class, factory or function of the user's by reference, or takes an object; `adapter` fills in what it
leaves out, checks what it answers and names its line where it raises.
"""
