"""What each layer of a network represents: linear probes, as a Markdown table.

    python scripts/networks/probe_layers.py pilotnet [--episodes 240] [--untrained] [--output FILE]

The expert drives validation episodes with and without obstacles. Every 2 s an image is taken, from a pose displaced by
up to 1 m and 0.1 rad, for the expert itself is never off its path. From each layer's activations, a ridge regression
tells what no command tells: the lateral offset from the lane's middle, the heading error, the road's curvature, and the
distance to the next actor (within 60 m ahead and 4 m aside; images without one are left out). The feature maps of a
convolution are first averaged over a grid of at most 2 x 6 cells, dense layers are taken as they are. Printed: R2 of
predictions for episodes that a probe was not fitted on (5 folds of episodes; its penalty is chosen within the others),
with a 95 % interval over episodes. ``--untrained``: of the same network before it has learnt.

A probe shows what can be read from a layer, not that the layers behind make use of it (Alain & Bengio 2017,
"Understanding intermediate layers using linear classifier probes").
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from drive_sim.base.resources import find_model
from drive_sim.compute.randomness import generator
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.networks import Network, build_network
from drive_sim.drivers.planning.expert import ExpertDriver
from drive_sim.learning.views.source import shifted
from drive_sim.rollout import Observer, Step, run
from drive_sim.sensors.camera.mosaic import mosaic
from drive_sim.sensors.camera.rig import CameraRig
from drive_sim.world.scenarios.scenario import list_scenarios, load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import State

Floats = NDArray[np.float64]
SUITES = ("lane-keeping", "obstacle-avoidance")
BATCH = 32
EVERY = 40
"""Control steps between images: 2 s."""
SHIFT, TURN = 1.0, 0.1
"""Largest displacement [m] and [rad]."""
GRID = (2, 6)
"""Rows and columns that feature maps are averaged to at most."""
PENALTIES = 10.0 ** np.arange(-1, 7)
"""Of standardised activations, tried for each probe."""
FOLDS, RESAMPLES = 5, 2000


class Probed(NamedTuple):
    """Images and what is true of them."""

    images: NDArray[np.uint8]
    """(n, H, W, 3)"""
    truth: dict[str, Floats]
    """(n) by name; NaN where there is no such thing."""
    episodes: NDArray[np.int64]
    """(n) number of the episode."""


class _Taker(Observer):
    """Takes images from displaced poses while the worlds are driven."""

    def __init__(self, rig: CameraRig, first: int, rng: np.random.Generator) -> None:
        self.parts: list[Probed] = []
        self._rig, self._first, self._rng = rig, first, rng

    def on_step(self, step: Step) -> None:
        """See `Observer`."""
        rows = np.flatnonzero(step.active)
        if step.index % EVERY or not step.index or not len(rows):
            return
        simulator, state = step.simulator, step.simulator.state
        shift, turn = (self._rng.uniform(-most, most, len(state.x)) for most in (SHIFT, TURN))
        seen = shifted(state, shift, turn)
        frames = self._rig.render_each("cpu", simulator.roads, simulator.world, seen, rows=rows).values()
        truth = {
            "lateral offset": seen.d - simulator.world.lane_centre,
            "heading error": seen.heading_error,
            "curvature": np.array(state.curvature),
            "distance": next_actor(simulator, seen),
        }
        images = mosaic([frame.rgb for frame in frames])[rows]
        self.parts.append(Probed(images, {name: values[rows] for name, values in truth.items()}, self._first + rows))


def next_actor(simulator: Simulator, state: State) -> Floats:
    """Distance [m] to the next actor ahead (B); NaN where there is none within 60 m and 4 m aside."""
    dx, dy = state.actor_x - state.x[:, None], state.actor_y - state.y[:, None]
    cos, sin = np.cos(state.yaw)[:, None], np.sin(state.yaw)[:, None]
    forward, left = cos * dx + sin * dy, cos * dy - sin * dx
    there = (simulator.world.actors.kind > 0) & (forward > 3.0) & (forward < 60.0) & (np.abs(left) < 4.0)
    nearest = np.where(there, forward, np.inf).min(1, initial=np.inf)
    return np.where(np.isfinite(nearest), nearest, np.nan)


def images_of(driver: NeuralDriver, count: int) -> Probed:
    """What the driver's cameras see in ``count`` validation episodes."""
    names = [name for suite in SUITES for name in list_scenarios("validation", suite)]
    episodes = [load_scenario(names[n % len(names)], "validation").draw(n // len(names)) for n in range(count)]
    rig, rng, parts = CameraRig(driver.cameras), generator("probes"), []
    for start in range(0, count, BATCH):
        taker = _Taker(rig, start, rng)
        run(Simulator(episodes[start : start + BATCH]), ExpertDriver(), [taker])
        parts += taker.parts
    truth = {name: np.concatenate([part.truth[name] for part in parts]) for name in parts[0].truth}
    return Probed(
        np.concatenate([part.images for part in parts]), truth, np.concatenate([part.episodes for part in parts])
    )


def layers_of(network: Network) -> dict[str, nn.Module]:
    """The activations that are probed by what they are called: behind each convolution and each dense layer."""
    stacks, dense = network.convolution_stacks(), getattr(network, "dense", None)
    if not stacks or not isinstance(dense, nn.Sequential):
        raise SystemExit("probe_layers: the network does not say which its convolutions and dense layers are")
    found = {f"convolution {number}": layer for number, layer in enumerate(list(stacks[0])[1::2], 1)}
    return found | {f"dense {number}": layer for number, layer in enumerate(list(dense)[1::3], 1)}


def activations(network: Network, images: NDArray[np.uint8]) -> dict[str, Floats]:
    """Numbers (n, features) of the image and of each layer, feature maps averaged to `GRID`."""
    layers, found = layers_of(network.eval()), {}
    kept: dict[str, list[Tensor]] = {"image": [], **{name: [] for name in layers}}

    rows = 0

    def keep(name: str, values: Tensor) -> None:
        if values.dim() == 4:
            size = min(GRID[0], values.shape[2]), min(GRID[1], values.shape[3])
            values = nn.functional.adaptive_avg_pool2d(values, size)
        kept[name].append(values.flatten(1).clone())

    hooks = [
        layer.register_forward_hook(lambda _module, _given, values, name=name: keep(name, values[:rows]))
        for name, layer in layers.items()
    ]
    with torch.inference_mode():
        for start in range(0, len(images), 64):
            few = images[start : start + 64]
            # Of several moments the present ones are the first rows.
            rows = len(few)
            keep("image", torch.from_numpy(few).permute(0, 3, 1, 2).float())
            network(torch.from_numpy(mosaic([few] * network.settings.frames)))
    for hook in hooks:
        hook.remove()
    for name, values in kept.items():
        found[name] = torch.cat(values).numpy().astype(np.float64)
    return found


def predictions(features: Floats, truth: Floats, episodes: NDArray[np.int64]) -> Floats:
    """What probes say of ``truth`` (n, quantities) from ``features`` (n, f), of episodes they were not fitted on."""
    fold, told = fold_of(episodes), np.zeros_like(truth)
    for number in range(FOLDS):
        out = fold == number
        # The penalty is the one that serves best from the rest without the next fold for that next fold.
        inner = fold == (number + 1) % FOLDS
        fit = ~out & ~inner
        tried = ridge(features[fit], truth[fit], features[inner])
        best = ((tried - truth[inner]) ** 2).sum(1).argmin(0)
        found = ridge(features[~out], truth[~out], features[out])
        told[out] = np.take_along_axis(found, best[None, None, :], 0)[0]
    return told


def fold_of(episodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The fold (n) of each episode."""
    numbers, place = np.unique(episodes, return_inverse=True)
    return np.asarray(generator("folds").permutation(len(numbers))[place] % FOLDS)


def ridge(features: Floats, truth: Floats, others: Floats) -> Floats:
    """Predictions (`PENALTIES`, m, quantities) for ``others`` (m, f) of ridge regressions fitted on the rest."""
    mean, scale = features.mean(0), features.std(0) + 1e-9
    given, asked = (features - mean) / scale, (others - mean) / scale
    values, vectors = np.linalg.eigh(given.T @ given)
    rotated = vectors.T @ (given.T @ (truth - truth.mean(0)))
    weights = rotated / (np.maximum(values, 0.0)[:, None] + PENALTIES[:, None, None])
    return np.asarray(asked @ vectors @ weights + truth.mean(0))


def explained(truth: Floats, told: Floats, episodes: NDArray[np.int64]) -> tuple[float, float, float]:
    """R2 of predictions and its 95 % interval over episodes."""
    numbers, place = np.unique(episodes, return_inverse=True)
    sums = np.stack(
        [np.bincount(place, values) for values in (np.ones_like(truth), truth, truth**2, (truth - told) ** 2)]
    )

    def of(total: Floats) -> Floats:
        count, first, second, missed = total
        return np.asarray(1.0 - missed / (second - first**2 / count))

    draws = generator("probe intervals").integers(0, len(numbers), (RESAMPLES, len(numbers)))
    low, high = np.quantile(of(sums[:, draws].sum(2)), (0.025, 0.975))
    return float(of(sums.sum(1))), float(low), float(high)


def table(network: Network, probed: Probed) -> str:
    """R2 of every layer (rows) and quantity (columns) in Markdown."""
    names = list(probed.truth)
    lines = [f"| layer | numbers | {' | '.join(names)} |", "|---" * (2 + len(names)) + "|"]
    known = {name: np.isfinite(values) for name, values in probed.truth.items()}
    # What is known of the same images is asked at once.
    groups = {rows.tobytes(): [name for name in names if np.array_equal(known[name], rows)] for rows in known.values()}
    for layer, features in activations(network, probed.images).items():
        found: dict[str, str] = {}
        for group in groups.values():
            rows = known[group[0]]
            truth, episodes = np.stack([probed.truth[name][rows] for name in group], 1), probed.episodes[rows]
            told = predictions(features[rows], truth, episodes)
            for number, name in enumerate(group):
                r2 = explained(truth[:, number], told[:, number], episodes)
                found[name] = "{:.2f} ({:.2f}–{:.2f})".format(*r2)
        lines.append(f"| {layer} | {features.shape[1]} | {' | '.join(found[name] for name in names)} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="folder or name of a model")
    parser.add_argument("--episodes", type=int, default=240)
    parser.add_argument("--untrained", action="store_true", help="probe the network as it is before it learns")
    parser.add_argument("--output", type=Path, help="file for the table")
    options = parser.parse_args(arguments)
    driver = NeuralDriver.load(find_model(options.model))
    probed = images_of(driver, options.episodes)
    for name, values in probed.truth.items():
        known = values[np.isfinite(values)]
        print(f"{name}: {len(known)} images, standard deviation {known.std():.4g}", flush=True)
    torch.manual_seed(0)
    network = build_network(driver.model.settings) if options.untrained else driver.model.network
    found = table(network, probed)
    print(found, end="")
    if options.output is not None:
        options.output.write_text(found, encoding="utf-8")


if __name__ == "__main__":
    main()
