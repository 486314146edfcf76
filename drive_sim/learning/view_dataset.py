"""Views of recorded episodes, chunk after chunk as a training run takes them, and as a dataset of torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from drive_sim.base.errors import InputError
from drive_sim.learning.recipe import Recipe, load_recipe
from drive_sim.learning.recordings import load_episodes, split_episodes, training_weathers
from drive_sim.learning.settings import TrainingSettings
from drive_sim.learning.transplants.transplanting import transplant
from drive_sim.learning.views.source import Views, ViewSource
from drive_sim.sensors.camera.rig import CameraRig


def chunks(
    source: ViewSource, settings: TrainingSettings, first: int = 0, count: int | None = None, step: int = 1
) -> Iterator[tuple[int, Views]]:
    """Every ``step``-th chunk from number ``first`` on, of ``count`` in all, the next one being rendered meanwhile."""
    numbers = range(first, settings.chunks if count is None else count, step)
    with ThreadPoolExecutor(1, thread_name_prefix="views") as ahead:

        def submit(chunk: int) -> Any:
            return ahead.submit(source.draw, settings.chunk, settings.seed, "chunk", chunk)

        pending: Any = submit(numbers[0]) if numbers else None
        for chunk in numbers:
            views = pending.result()
            if chunk + step in numbers:
                pending = submit(chunk + step)
            yield chunk, views


class ViewDataset(IterableDataset[dict[str, Tensor]]):
    """The views that a training run learns from, one by one, as they would be for ``drive-sim train``.

    An item has ``image``, uint8 (H, W, 3) RGB, and what the network should answer to it: ``curvature`` [1/m, positive
    left] and ``speed`` [m/s], float32, ``future``, float32 (3), and ``seen``, uint8 (columns), as `Views` has them.
    Views are independent draws, already in a random order. They are rendered a chunk at a time, the next while the last
    is used, by as many threads as there are cores: a loader needs no workers. With workers, each renders chunks of its
    own, and the views are the same in another order.

    Parameters
    ----------
    datasets
        Folders of recorded datasets.
    recipe
        As `load_recipe` takes it, or one that was loaded: its sampling, camera, network, chunk and held-out share.
    count
        How many views; None: as many as the recipe says.
    seed
        Of the views and of the episodes held out; None: the recipe's.
    held_out
        Whether views are of the episodes that the recipe holds out, instead of the others.

    Raises
    ------
    InputError
        For a dataset or recipe that cannot be used, or where no episode is held out.
    """

    def __init__(
        self,
        datasets: Sequence[str | Path],
        recipe: Recipe | str | Path | None = None,
        count: int | None = None,
        seed: int | None = None,
        held_out: bool = False,
    ) -> None:
        settings = (recipe if isinstance(recipe, Recipe) else load_recipe(recipe)).settings
        self.settings = settings if seed is None else replace(settings, seed=seed)
        self.count = settings.views if count is None else count
        episodes = load_episodes([Path(path) for path in datasets])
        episodes = split_episodes(episodes, settings.held_out, self.settings.seed)[held_out]
        if not episodes:
            raise InputError("recipe", "held_out", "holds no episode out", "give a larger share")
        if settings.transplants and not held_out:
            episodes += transplant(episodes, settings.transplants, self.settings.seed).episodes
        rig = CameraRig(settings.cameras)
        self._source = ViewSource(episodes, rig, training_weathers(), settings.sampling, settings.network)

    def __len__(self) -> int:
        """Number of views."""
        return self.count

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """The views, always the same ones."""
        worker, size = get_worker_info(), self.settings.chunk
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        for chunk, views in chunks(self._source, self.settings, first, -(-self.count // size), step):
            columns = {name: torch.from_numpy(array) for name, array in vars(views).items()}
            columns["image"] = columns.pop("images")
            for row in range(min(size, self.count - chunk * size)):
                yield {name: column[row] for name, column in columns.items()}
