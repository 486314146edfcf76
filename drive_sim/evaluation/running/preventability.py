"""Which collisions could have been prevented: the reference driver drives every episode that demands a reaction.

After UN R157, Annex 4, Appendix 3: what a careful and competent human driver would not have hit was preventable. The
reference drives first, does not appear in reports, and always drives to the end of its episode or its first collision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from drive_sim.base.progress import Report
from drive_sim.compute.kernel import to_host
from drive_sim.drivers.registry import make_driver
from drive_sim.evaluation.logs.episode_log import EpisodeLog
from drive_sim.rollout import run
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.simulator import TERMINATE, Simulator

REFERENCE = "r157"
"""Name of the reference driver."""


def demands_reaction(episode: Episode) -> bool:
    """Whether an actor of the episode demands a reaction."""
    return any(actor.demands_reaction for actor in episode.actors)


def judge_preventable(episodes: Sequence[Episode], device: str, batch: int, report: Report) -> list[bool | None]:
    """For each episode whether the reference driver has no collision in it; None where no actor demands a reaction.

    ``batch`` worlds are driven at once; the answer does not depend on it.
    """
    verdicts: list[bool | None] = [None] * len(episodes)
    met = [index for index, episode in enumerate(episodes) if demands_reaction(episode)]
    reference = make_driver(REFERENCE, device)
    for first in range(0, len(met), batch):
        report(first / len(met), f"{REFERENCE}, the reference: {first} of {len(met)} episodes")
        chosen = met[first : first + batch]
        simulator = Simulator([episodes[index] for index in chosen], device, TERMINATE)
        run(simulator, reference, ())
        for index, slot in zip(chosen, to_host(simulator.state.hit_actor), strict=True):
            verdicts[index] = bool(slot < 0)
    return verdicts


def judged(log: EpisodeLog, preventable: bool | None) -> EpisodeLog:
    """The log with the reference driver's verdict among its facts."""
    return replace(log, facts=replace(log.facts, preventable=preventable))
