"""Images of Duckietown's forward camera, 160 x 120, for ``scripts/camera_gallery.py --duckietown``.

Runs in a virtual environment of its own, with a display or a virtual one:

    python -m venv duckietown && duckietown/bin/pip install duckietown-gym-daffy 'pyglet<2'
    xvfb-run -a duckietown/bin/python scripts/duckietown_images.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

SCENES = (("loop_obstacles", 3), ("loop_obstacles", 4), ("udem1", 4), ("zigzag_dists", 3))
"""Map and seed of each image."""


def main() -> None:
    """Save one image of each scene in the folder that is the only argument."""
    import pyglet
    from PIL import Image

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    # It asks for the graphics card before it has a window of its own.
    pyglet.window.Window(width=160, height=120, visible=False)
    from gym_duckietown.simulator import Simulator

    for number, (name, seed) in enumerate(SCENES):
        simulator = Simulator(
            seed=seed, map_name=name, domain_rand=False, camera_width=160, camera_height=120, distortion=False
        )
        simulator.reset()
        Image.fromarray(simulator.render_obs()).save(folder / f"{number}-{name}.png")


if __name__ == "__main__":
    main()
