"""A training run's checkpoint that is wrong in any way: resumed from, or one clear line, and soon."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save

from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.learning.checkpoint import load_checkpoint, save_checkpoint
from drive_sim.learning.learner import Learner
from drive_sim.learning.settings import TrainingSettings
from tests.base.mutations import count, mutate_bytes, mutate_document, try_mutations

SMALL = NetworkSettings(channels=(2, 2, 2, 2, 2), dense=(8, 8))
SETTINGS = TrainingSettings(views=8, chunk=4, trials=0, network=SMALL)


def mutate_checkpoint(data: bytes, seed: int) -> bytes:
    """A safetensors file with the bytes of all of it, those of its header, or its progress mutated."""
    length = int.from_bytes(data[:8], "little")
    if seed % 3 == 0:
        return mutate_bytes(data, seed)
    header = json.loads(data[8 : 8 + length])
    if seed % 3 == 1:
        wrong = json.dumps(mutate_document(header, seed)).encode("utf-8", "surrogatepass")
        return len(wrong).to_bytes(8, "little") + wrong + data[8 + length :]
    progress = mutate_document(json.loads(header["__metadata__"]["progress"]), seed)
    return save(load(data), {"progress": json.dumps(progress)})


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a network that has made one step."""
    learner = Learner(SETTINGS, "cpu")
    for parameter in learner.network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    learner.optimizer.step()
    folder = tmp_path_factory.mktemp("training")
    save_checkpoint(folder, learner, {"settings": SETTINGS.to_dict(), "chunk": 1, "best": {"chunk": 0}})
    return folder / "checkpoint.safetensors"


@pytest.mark.slow
def test_a_mutated_checkpoint_is_resumed_from_or_refused_in_one_line(checkpoint: Path) -> None:
    learner = Learner(SETTINGS, "cpu")

    def resume(path: Path) -> None:
        load_checkpoint(path.parent, learner, SETTINGS)

    resume(checkpoint)
    assert try_mutations(checkpoint, resume, count(60), mutate_checkpoint) > 0
