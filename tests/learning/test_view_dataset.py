"""Views as a dataset of torch: those of a training run, in its order, with any number of workers."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from drive_sim.base.errors import InputError
from drive_sim.learning.recipe import load_recipe
from drive_sim.learning.recordings import split_episodes
from drive_sim.learning.transplants.transplanting import Transplants
from drive_sim.learning.view_dataset import ViewDataset, chunks
from drive_sim.learning.views.episodes import RECORDED, TRANSPLANTED, SourceEpisode

pytestmark = pytest.mark.slow

CHUNK = 8
RECIPE = load_recipe(changes={"views": 24, "chunk": CHUNK, "held_out": 0.4})


@pytest.fixture(autouse=True)
def few_weathers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One weather of each scenario: drawing them takes longer than a few views."""
    monkeypatch.setattr("drive_sim.learning.recordings.WEATHERS_EACH", 1)


@pytest.fixture
def views(dataset: Path) -> ViewDataset:
    return ViewDataset([dataset], RECIPE, count=20, seed=3)


def curvatures(loader: DataLoader[dict[str, torch.Tensor]]) -> list[float]:
    return [float(value) for batch in loader for value in batch["curvature"]]


def test_items_are_an_image_and_what_the_network_should_answer(views: ViewDataset) -> None:
    batch = next(iter(DataLoader(views, batch_size=4)))
    shapes = {name: (tuple(value.shape), value.dtype) for name, value in batch.items()}
    assert shapes == {
        "image": ((4, 66, 200, 3), torch.uint8),
        "curvature": ((4,), torch.float32),
        "speed": ((4,), torch.float32),
        "future": ((4, 3), torch.float32),
        "seen": ((4, 18), torch.uint8),
        "slowest": ((4,), torch.float32),
    }


def test_views_are_those_that_a_training_run_learns_from(views: ViewDataset, episodes: list[SourceEpisode]) -> None:
    source = views._source
    assert len(source.episodes) == len(split_episodes(episodes, 0.4, 3)[0]) == 2
    drawn = [source.draw(CHUNK, 3, "chunk", number) for number in range(3)]
    expected = np.concatenate([chunk.curvature for chunk in drawn])[:20]
    assert len(views) == 20
    assert [float(item["curvature"]) for item in views] == expected.tolist()
    assert [number for number, _ in chunks(source, views.settings)] == [0, 1, 2]


def test_episodes_held_out_make_a_dataset_of_their_own(views: ViewDataset, dataset: Path) -> None:
    held_out = ViewDataset([dataset], RECIPE, count=20, seed=3, held_out=True)
    episodes = lambda views: {episode.world.scenario for episode in views._source.episodes}  # noqa: E731
    assert len(episodes(held_out)) == 1
    assert episodes(held_out).isdisjoint(episodes(views))
    with pytest.raises(InputError, match="held_out: holds no episode out"):
        ViewDataset([dataset], load_recipe(changes={"held_out": 0.0}), held_out=True)


def test_the_loop_of_the_documentation_learns(dataset: Path, repository: Path) -> None:
    page = (repository / "docs" / "learning.md").read_text(encoding="utf-8")
    (program,) = (
        one for one in re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE) if "ViewDataset" in one
    )
    short = (('"sampling.unperturbed"', '"chunk": 4, "views": 4, "sampling.unperturbed"'), ("16_000", "4"))
    for old, new in (*short, ('"demo/dataset"', f'"{dataset.as_posix()}"')):
        assert old in program
        program = program.replace(old, new)
    names = {"my_network": torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 66 * 200, 1))}
    exec(program, names)
    assert names["loss"] > 0.0  # type: ignore[operator]


def test_workers_share_the_views_out_among_them(views: ViewDataset) -> None:
    alone = curvatures(DataLoader(views, batch_size=4))
    shared = curvatures(DataLoader(views, batch_size=4, num_workers=2))
    assert sorted(shared) == sorted(alone)


def test_a_dataset_need_not_be_used_up(views: ViewDataset) -> None:
    assert len(list(islice(views, 3))) == 3


def test_transplants_are_among_the_views_of_what_is_not_held_out(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copies(given: list[SourceEpisode], count: int, seed: int) -> Transplants:
        assert (len(given), count, seed) == (2, 2, 3)
        return Transplants([replace(one, origin=TRANSPLANTED) for one in given], {})

    monkeypatch.setattr("drive_sim.learning.view_dataset.transplant", copies)
    recipe = load_recipe(changes={"held_out": 0.4, "transplants": 2, "sampling.transplanted": 0.5})
    for held_out, origins in ((False, [RECORDED, RECORDED, TRANSPLANTED, TRANSPLANTED]), (True, [RECORDED])):
        views = ViewDataset([dataset], recipe, count=8, seed=3, held_out=held_out)
        assert [episode.origin for episode in views._source.episodes] == origins
