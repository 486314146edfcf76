"""A package that adds to drive_sim by entry points."""
