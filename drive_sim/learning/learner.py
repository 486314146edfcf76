"""The network in training: optimiser, moving average and losses."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from drive_sim.compute.randomness import generator, key
from drive_sim.drivers.neural.decoding import SPEED_REACH, decode
from drive_sim.drivers.neural.networks import Answers, Network, build_network
from drive_sim.learning.gradients import batch_gradients
from drive_sim.learning.settings import TrainingSettings
from drive_sim.learning.views.labels import soft_bins
from drive_sim.learning.views.source import Views


def _moving_average(decay: float) -> Any:
    """An exponential moving average that forgets its random start: min(``decay``, (1 + n) / (10 + n)) at step n."""

    def update(averages: list[Tensor], current: list[Tensor], count: Tensor | int) -> None:
        number = int(count)
        get_ema_multi_avg_fn(min(decay, (1.0 + number) / (10.0 + number)))(averages, current, number)

    return update


def half_precision_pays(device: str) -> bool:
    """Whether bfloat16 is the faster arithmetic there: on a GPU, and on a CPU with matrix tiles (AMX)."""
    # Without AMX a CPU emulates it, and training takes several times as long as in float32.
    return device == "cuda" or bool(getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)())


@contextmanager
def _seeded(device: str, *parts: object) -> Iterator[None]:
    """Torch's random numbers drawn from a seed made of ``parts``; the caller's go on afterwards where they were."""
    with torch.random.fork_rng([torch.cuda.current_device()] if device == "cuda" else []):
        torch.manual_seed(key(*parts) & 0x7FFFFFFF)
        yield


class Learner:
    """Network, optimiser and moving average, and what is saved of them."""

    def __init__(self, settings: TrainingSettings, device: str) -> None:
        self.settings, self.device = settings, device
        with _seeded(device, "network", settings.seed):
            self.network = build_network(settings.network).to(device)
        self.average = AveragedModel(self.network, multi_avg_fn=_moving_average(settings.ema))
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        self.steps_per_chunk = math.ceil(settings.chunk / settings.batch)
        self.half = half_precision_pays(device) if settings.half_precision is None else settings.half_precision

    @property
    def driving_network(self) -> Network:
        """The moving average of the weights."""
        module = self.average.module
        assert isinstance(module, Network)
        return module

    def _rate(self, step: int) -> float:
        """One cycle: a linear rise over the first tenth, then half a cosine down to a hundredth."""
        total = self.settings.chunks * self.steps_per_chunk
        share = min(step / total, 1.0)
        if share < 0.1:
            return self.settings.learning_rate * (0.05 + 0.95 * share / 0.1)
        return self.settings.learning_rate * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * (share - 0.1) / 0.9)))

    def answers(self, network: Network, images: NDArray[np.uint8]) -> Answers:
        """What a network makes of images (B, H, W, 3)."""
        with torch.autocast(self.device, torch.bfloat16, enabled=self.half):
            answers: Answers = network(torch.from_numpy(images).to(self.device))
        return answers

    def losses(self, answers: Answers, views: Views, rows: Any) -> dict[str, Tensor]:
        """Losses of the answers to some views by name, and ``loss``, their weighted sum.

        A distribution's is its cross-entropy, that of a value its squared error in units of the largest value.
        """
        plan, settings = self.settings, self.settings.network

        def error(logits: Tensor, values: Any, centres: Any) -> Tensor:
            if len(centres) == 1:
                target = torch.from_numpy((values / centres[0]).astype(np.float32)).to(self.device)
                return nn.functional.mse_loss(logits[:, 0].float(), target)
            target = torch.from_numpy(soft_bins(values, centres)).to(self.device)
            return nn.functional.cross_entropy(logits.float(), target)

        losses = {
            "curvature_loss": error(answers.curvature, views.curvature[rows], settings.curvature_centres),
            "speed_loss": error(answers.speed, views.speed[rows], settings.speed_centres),
        }
        if answers.future is not None and settings.future:
            later = views.future[rows][:, : settings.future].reshape(-1)
            logits = answers.future.reshape(-1, settings.curvature_bins)
            losses["future_loss"] = error(logits, later, settings.curvature_centres)
        if answers.seen is not None:
            seen = torch.from_numpy(views.seen[rows].astype(np.int64)).to(self.device)
            losses["seen_loss"] = nn.functional.cross_entropy(answers.seen.float(), seen)
        if answers.slowest is not None:
            losses["slowest_loss"] = error(answers.slowest, views.slowest[rows], settings.speed_centres)
        weights = {
            "curvature_loss": 1.0,
            "speed_loss": plan.speed_weight,
            "future_loss": plan.future_weight,
            "seen_loss": plan.seen_weight,
            "slowest_loss": plan.slowest_weight,
        }
        total = sum(weights[name] * loss for name, loss in losses.items())
        return {"loss": torch.as_tensor(total), **losses}

    def learn(self, views: Views, chunk: int) -> dict[str, float]:
        """One pass over a chunk; mean losses."""
        plan = self.settings
        if self.device != "cpu" or plan.parts == 1 or not self.network.learns_in_parts:
            with _seeded(self.device, "dropout", plan.seed, chunk):
                return self._learn(views, chunk, self._fill_gradients)
        seeds = [key("dropout", plan.seed, chunk, part) & 0x7FFFFFFF for part in range(plan.parts)]
        with batch_gradients(self.network, seeds) as gradients:
            return self._learn(views, chunk, gradients.fill)

    def _fill_gradients(self, rows: Any, losses: Callable[[Any], dict[str, Tensor]]) -> dict[str, float]:
        """As `BatchGradients.fill`, of the whole batch at once."""
        found = losses(rows)
        self.optimizer.zero_grad(set_to_none=True)
        found["loss"].backward()
        return {name: float(loss.detach()) for name, loss in found.items()}

    def _learn(self, views: Views, chunk: int, fill_gradients: Callable[..., dict[str, float]]) -> dict[str, float]:
        self.network.train()

        def losses(rows: Any) -> dict[str, Tensor]:
            return self.losses(self.answers(self.network, views.images[rows]), views, rows)

        order = generator("order", self.settings.seed, chunk).permutation(len(views.curvature))
        sums: Counter[str] = Counter()
        rate = 0.0
        for number in range(self.steps_per_chunk):
            rows = order[number * self.settings.batch : (number + 1) * self.settings.batch]
            rate = self._rate(chunk * self.steps_per_chunk + number)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            found = fill_gradients(rows, losses)
            nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
            self.optimizer.step()
            self.average.update_parameters(self.network)
            sums.update(found)
        return {name: value / self.steps_per_chunk for name, value in sums.items()} | {"learning_rate": rate}

    @torch.no_grad()
    def validate(self, views: Views) -> dict[str, float]:
        """Loss and absolute errors of the moving average on views it does not learn from."""
        network = self.driving_network.eval()
        parts = []
        for start in range(0, len(views.curvature), 512):
            rows = np.arange(start, min(start + 512, len(views.curvature)))
            answers = self.answers(network, views.images[rows])
            losses, settings = self.losses(answers, views, rows), self.settings.network
            curvature, speed = (logits.float().cpu().numpy() for logits in (answers.curvature, answers.speed))
            bend = decode(curvature, settings.curvature_centres) - views.curvature[rows]
            pace = decode(speed, settings.speed_centres, SPEED_REACH) - views.speed[rows]
            told = ("loss", "seen_loss", "slowest_loss")
            kept = {name: float(losses[name]) * len(rows) for name in told if name in losses}
            parts.append(kept | {"curvature_error": np.abs(bend).sum(), "speed_error": np.abs(pace).sum()})
        return {name: float(sum(part[name] for part in parts) / len(views.curvature)) for name in parts[0]}

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a resumed run needs, by name."""
        named = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        named |= {f"average.{name}": tensor for name, tensor in self.average.state_dict().items()}
        for number, values in self.optimizer.state_dict()["state"].items():
            named |= {f"optimizer.{number}.{name}": torch.as_tensor(value) for name, value in values.items()}
        return {name: tensor.detach().clone().contiguous().cpu() for name, tensor in named.items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Inverse of `tensors`."""

        def part(prefix: str) -> dict[str, Tensor]:
            return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}

        self.network.load_state_dict(part("network."))
        self.average.load_state_dict(part("average."))
        parameters = list(self.network.parameters())
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in part("optimizer.").items():
            number, field_name = name.split(".", 1)
            parameter = parameters[int(number)]
            # The fused step goes through the memory of both, in whichever layout: it has to be the same one.
            alike = value.shape == parameter.shape
            state.setdefault(int(number), {})[field_name] = torch.empty_like(parameter).copy_(value) if alike else value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
