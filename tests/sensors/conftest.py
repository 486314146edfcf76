"""A photographer for tests of the cameras: puts a car on a straight or bent road and takes its image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from drive_sim.sensors.camera.rig import LAYERS, CameraConfig, CameraFrames, CameraRig
from drive_sim.world.roads.road import EDGE_PLAIN, STYLE_SOLID, Boundary, Road, chain_arcs
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CAR, ACTOR_CONE, ACTOR_CYCLIST, ACTOR_DEBRIS, ACTOR_LORRY, ACTOR_PEDESTRIAN

PLAIN = WeatherSpec(
    camera_noise=0.0, asphalt_texture=0.0, verge_texture=0.0, marking_wear=0.0, scenery=0.0, sun_strength=0.0
)
"""Even grey light and nothing that varies from place to place, so that brightness can be reckoned with."""


class Photographer:
    """``shoot(...)`` gives the frames of one or several cars; keywords of `Episode` place them."""

    plain = PLAIN

    def road(
        self,
        curvature: float = 0.0,
        boundaries: tuple[Boundary, ...] = (Boundary(-1.75, STYLE_SOLID),),
        edge: int = EDGE_PLAIN,
        seed: int = 5,
        paved: float = 4.0,
    ) -> Road:
        curvatures = np.full(900, curvature)
        x, y, heading = chain_arcs(curvatures, 1.0)
        wide = np.full(900, paved)
        return Road(
            "test", "rural", False, 1.0, x, y, heading, curvatures, wide, wide, 3.5, 1, 1, 25.0,
            boundaries=boundaries, edge_left=edge, edge_right=edge, seed=seed,
        )  # fmt: skip

    def episode(
        self, road: Road | None = None, weather: WeatherSpec = PLAIN, actors: tuple[ActorSpec, ...] = (), **fields
    ) -> Episode:
        given = {"start_s": 100.0, "start_offset": 1.75, "seed": 1, **fields}
        return Episode(
            scenario="test", split="test", number=0, road=road or self.road(), weather=weather, actors=actors, **given
        )

    def crowd(self, **fields) -> Episode:
        """A walker and a cyclist before a lorry, a car that the lorry hides in part, a cone and some debris."""
        actors = (
            ActorSpec(ACTOR_LORRY, 9.0, 2.5, 3.4, 118.0, -1.5),
            ActorSpec(ACTOR_PEDESTRIAN, 0.5, 0.6, 1.75, 109.0, -0.9),
            ActorSpec(ACTOR_CYCLIST, 1.8, 0.6, 1.75, 111.0, -2.6, yaw_offset=0.4),
            ActorSpec(ACTOR_CAR, 4.5, 1.8, 1.5, 128.0, -0.2),
            ActorSpec(ACTOR_CONE, 0.4, 0.4, 0.75, 107.0, 2.2),
            ActorSpec(ACTOR_DEBRIS, 0.9, 0.7, 0.4, 110.0, 3.4),
        )
        return self.episode(actors=actors, **fields)

    def shoot(
        self,
        *episodes: Episode,
        camera: CameraConfig | None = None,
        layers: tuple[str, ...] = LAYERS,
        pose: Callable[[Simulator], None] | None = None,
    ) -> CameraFrames:
        simulator = Simulator(list(episodes) or [self.episode()])
        if pose is not None:
            pose(simulator)
        rig = CameraRig([camera or CameraConfig()])
        return rig.render("cpu", simulator.roads, simulator.world, simulator.state, layers)

    @staticmethod
    def light(image: np.ndarray) -> np.ndarray:
        """Linear light of grey levels: the camera's gamma is 2."""
        return (np.asarray(image, float) / 255.0) ** 2

    @staticmethod
    def weather(**fields: object) -> WeatherSpec:
        return replace(PLAIN, **fields)


@pytest.fixture(scope="session")
def photographer() -> Photographer:
    return Photographer()
