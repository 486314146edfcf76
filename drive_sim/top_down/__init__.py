"""The map from above: road, markings, vehicles and pedestrians, centred on the ego, drawn with pygame.

A `scene` is what it shows of a world at a moment; `view` draws one: the road as polygons (`ground`) on `grass`, road
users as `sprites`, a `legend`, all through one `projection`. `screen` is the view of an environment, and its window.

Environments render it and the window shows it. Importing this package imports pygame, so import it where an image
is wanted and not before.
"""

from drive_sim.top_down.scene import Scene, SceneActor, blend, scene_of
from drive_sim.top_down.screen import Screen
from drive_sim.top_down.view import TopDownView

__all__ = ["Scene", "SceneActor", "Screen", "TopDownView", "blend", "scene_of"]
