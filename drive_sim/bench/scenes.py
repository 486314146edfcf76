"""What CPU and CUDA are compared on: every weather, on several roads and among every kind of obstacle."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drive_sim.bench.episodes import among_actors
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.scenarios.files import weather_domains
from drive_sim.world.scenarios.scenario import list_scenarios, load_scenario

IN_VIEW = 35.0
"""Distance from the ego to the nearest road user ahead, where the episode has one [m]."""


@dataclass(frozen=True)
class Scenes:
    """Which scenes, how large their images are, and how long they are driven."""

    scenarios: tuple[str, ...] = ()
    """If none are named: four classes of road, and each kind of obstacle."""
    weathers: tuple[str, ...] = ()
    """If none are named: all there are."""
    image: tuple[int, int] = (66, 200)
    """Height and width [pixels]."""
    steps: int = 40
    """Control steps for which states and sensors are compared; images are drawn before the first and after the last.
    """

    def episodes(self) -> list[Episode]:
        """An episode of each scenario in each weather; those of one scenario share their road."""
        scenarios = self.scenarios or (*list_scenarios("train", "lane-keeping"), *obstacles())
        found = []
        for number, scenario in enumerate(scenarios):
            episode = _near(load_scenario(scenario).draw(number))
            weathers = self.weathers or weather_domains()
            found += [replace(episode, weather=among_actors(weather=name).draw(number).weather) for name in weathers]
        return found


def obstacles() -> list[str]:
    """Scenarios of one kind of obstacle each."""
    return [name for name in list_scenarios("train", "obstacle-avoidance") if not name.endswith("/mixed")]


def _near(episode: Episode) -> Episode:
    """The episode begun where the first of those ahead is in full view."""
    ahead = [actor.start_s - episode.start_s for actor in episode.actors]
    way = min((distance for distance in ahead if distance > IN_VIEW), default=IN_VIEW) - IN_VIEW
    return replace(episode, start_s=episode.start_s + way)
