"""Training: recorded episodes in, a model folder out; killed at any moment, it resumes from its last checkpoint.

Views are drawn in chunks, the next one rendered while the network learns from the last. A chunk's content, order and
learning rate depend on (seed, chunk) alone, so that a run that was killed and resumed ends with the same weights as
one that was not (same machine, same number of threads).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from drive_sim import __version__
from drive_sim.base.errors import InputError
from drive_sim.base.progress import Report
from drive_sim.compute.kernel import resolve_device
from drive_sim.drivers.neural.cost import network_cost
from drive_sim.drivers.neural.model_folder import save_model
from drive_sim.learning.card import model_card
from drive_sim.learning.checkpoint import checkpoint_recipe, load_checkpoint, save_checkpoint
from drive_sim.learning.learner import Learner
from drive_sim.learning.quality import label_quality
from drive_sim.learning.recipe import Change, Recipe, change_recipe, load_recipe
from drive_sim.learning.recordings import load_episodes, split_episodes, training_weathers
from drive_sim.learning.rounds.schedule import OnPolicyRounds
from drive_sim.learning.settings import TrainingSettings
from drive_sim.learning.transplants.transplanting import Transplants, transplant
from drive_sim.learning.validation import validation_score
from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.learning.views.source import ViewSource
from drive_sim.sensors.camera.rig import CameraRig
from drive_sim.world.scenarios.episode import WeatherSpec

ROUND_CURVES = ("visited", "kept", "failures", "interventions_per_km", "disagreement")
"""What TensorBoard draws of on-policy rounds."""
HELD_OUT_VIEWS = 2_000
"""Views of held-out episodes that every chunk is validated on."""


@dataclass(frozen=True)
class TrainingResult:
    """What a run ended with."""

    folder: Path
    views: int
    seconds: float
    validation: dict[str, float]


def _first_step(settings: TrainingSettings, chunk: int) -> int:
    """TensorBoard's step from which curves are written anew; a chunk's scalars stand at the views learnt by its end."""
    return chunk * settings.chunk + 1 if chunk else 0


def fit(
    episodes: Sequence[SourceEpisode],
    weathers: Sequence[WeatherSpec],
    output: Path,
    settings: TrainingSettings | None = None,
    device: str = "cpu",
    resume: bool = False,
    provenance: dict[str, Any] | None = None,
    report: Report = lambda share, text: None,
) -> TrainingResult:
    """Learn to drive like ``episodes`` and write the model folder ``output``.

    Beside the model, ``output/training`` keeps the checkpoint and TensorBoard's event files.

    Parameters
    ----------
    weathers
        Appearances that views are re-drawn in: of the training domains only.
    provenance
        What the episodes were (datasets, minutes, drivers) and the recipe's name; saved in config.json and told in the
        model card.
    """
    settings = settings or TrainingSettings()
    started = time.monotonic()
    learn_from, held_out = split_episodes(episodes, settings.held_out, settings.seed)
    rig = CameraRig(settings.cameras)
    views_of = partial(ViewSource, rig=rig, weathers=weathers, settings=settings.sampling, network=settings.network)
    made = _transplants(learn_from, settings, report)
    drawn_from = [*learn_from, *(made.episodes if made else ())]
    source = views_of(drawn_from)
    unseen = views_of(held_out).draw(HELD_OUT_VIEWS, "held-out") if held_out else None
    learner = Learner(settings, device)
    folder = output / "training"
    progress = _progress(learner, folder, resume, provenance or {}, report)
    meta = {"settings": settings.to_dict(), "drive_sim": __version__, **(provenance or {})}
    if made:
        meta["transplants"] = made.summary
    with SummaryWriter(str(folder / "tensorboard"), purge_step=_first_step(settings, progress["chunk"])) as board:
        tell = partial(_tell_round, board, settings, report)
        rounds = OnPolicyRounds(learn_from, weathers, learner, folder, progress, tell)
        for chunk, views in rounds.chunks(source, lambda visited: views_of([*drawn_from, *visited])):
            scalars = {f"train/{k}": v for k, v in learner.learn(views, chunk).items()}
            if unseen is not None:
                scalars |= {f"held_out/{k}": v for k, v in learner.validate(unseen).items()}
            if chunk == progress["chunk"] == 0:
                board.add_images("views", views.images[:16], 0, dataformats="NHWC")
            if chunk >= settings.chunks - max(settings.trials, 1):
                score = _drive(learner, (chunk + 1) / settings.chunks, report) if settings.trials else {}
                scalars |= {f"driving/{k}": float(v) for k, v in score.items()}
                if progress["best"] is None or score.get("score", 0.0) >= progress["best"].get("score", 0.0):
                    progress["best"] = {"chunk": chunk, **score}
                    driven = {"rounds": progress["rounds"]} if settings.rounds else {}
                    _save(learner, output, meta | driven | {"validation": progress["best"]})
            for name, value in scalars.items():
                board.add_scalar(name, value, (chunk + 1) * settings.chunk)
            progress["chunk"] = chunk + 1
            save_checkpoint(folder, learner, progress)
            report((chunk + 1) / settings.chunks, _told(scalars))
    best = {k: float(v) for k, v in (progress["best"] or {}).items()}
    return TrainingResult(output, settings.chunks * settings.chunk, time.monotonic() - started, best)


def _progress(
    learner: Learner, folder: Path, resume: bool, provenance: dict[str, Any], report: Report
) -> dict[str, Any]:
    """What the checkpoint keeps beside the tensors: of a new run, or of the one in ``folder``, its learner restored."""
    settings = learner.settings
    if resume:
        progress = load_checkpoint(folder, learner, settings)
        done = progress["chunk"]
        report(done / settings.chunks, f"resumed after {done * settings.chunk} of {settings.views} views")
        return progress
    origin = learner.network.origin
    begun = {"settings": settings.to_dict(), "chunk": 0, "best": None, "rounds": []}
    return begun | {"recipe": provenance.get("recipe"), "source": origin and origin.sha256}


def _transplants(episodes: Sequence[SourceEpisode], settings: TrainingSettings, report: Report) -> Transplants | None:
    """Transplants of the episodes, made anew by a run that resumes: the same to the bit. None where none are wanted."""
    if not settings.transplants:
        return None
    # Nothing is learnt yet: the share of the run that is done stays 0.
    return transplant(episodes, settings.transplants, settings.seed, lambda share, text: report(0.0, text))


def _drive(learner: Learner, share: float, report: Report) -> dict[str, float]:
    """How well the present weights drive on validation roads; ``share`` of the run is done."""
    report(share, "driving on validation roads")
    return validation_score(learner.driving_network, learner.settings.cameras, learner.device)


def _save(learner: Learner, output: Path, training: dict[str, Any]) -> None:
    """Write the present weights as the model folder ``output``; ``training`` is told in config.json and card."""
    network, settings = learner.driving_network, learner.settings
    cost = network_cost(network)
    card = model_card(output.name, settings, cost, network.origin, training, training["validation"])
    save_model(output, network, settings.camera, training, card, cost, settings.more_cameras)


def _tell_round(
    board: SummaryWriter, settings: TrainingSettings, report: Report, chunk: int, told: dict[str, Any]
) -> None:
    """Tell of the round before a chunk: curves and a line."""
    for name in ROUND_CURVES:
        board.add_scalar(f"rounds/{name}", told[name], _first_step(settings, chunk))
    report(
        chunk / settings.chunks,
        f"drove {told['seconds'] / 60.0:.1f} minutes in the recorded worlds: {told['failures']} failures "
        f"({told['interventions_per_km']:.2f} per km), disagreement {told['disagreement']:.2f} m/s², "
        f"learns from {told['kept']:,} of {told['visited']:,} states",
    )


def _told(scalars: dict[str, float]) -> str:
    """The losses and errors in a line, those of held-out views marked as such."""
    parts: dict[str, list[str]] = {"train": [], "held_out": []}
    for name, value in scalars.items():
        group, _, short = name.partition("/")
        if group in parts and ("error" in short or short == "loss"):
            parts[group].append(f"{short.replace('_', ' ')} {value:.3g}")
    held_out = f"held out: {', '.join(parts['held_out'])}" if parts["held_out"] else ""
    return "; ".join(filter(None, [", ".join(parts["train"]), held_out]))


def train(
    datasets: Sequence[Path],
    output: Path,
    recipe: Recipe | str | Path | None = None,
    changes: Sequence[Change] = (),
    device: str = "auto",
    resume: bool = False,
    report: Report = lambda share, text: None,
) -> TrainingResult:
    """Train on recorded datasets and write the model folder ``output``; as `fit`, from folders on disk.

    Parameters
    ----------
    recipe
        As `load_recipe` takes it; None: the checkpoint's own when a run is resumed, else the defaults of all keys.
    changes
        Values that win over the recipe's.

    Raises
    ------
    InputError
        For a dataset that cannot be read or holds too little, a wrong recipe, an unknown network or device, a model
        folder that holds something else, or nothing to resume.
    """
    if output.exists() and not output.is_dir():
        raise InputError("--output", "", f"{output} is a file", "name a folder")
    if recipe is None and resume:
        recipe = checkpoint_recipe(output / "training")
    recipe = change_recipe(recipe, changes) if isinstance(recipe, Recipe) else load_recipe(recipe, changes)
    recipe.settings.network.check("recipe")
    episodes = load_episodes(datasets, report)
    minutes = sum(episode.seconds for episode in episodes) / 60.0
    provenance = {
        "datasets": [path.name for path in datasets],
        "episodes": len(episodes),
        "minutes": round(minutes, 2),
        "summary": f"{minutes:.1f} minutes of recorded driving in {len(episodes)} episodes",
        "recipe": recipe.provenance(),
        "quality": label_quality(episodes).to_dict(),
    }
    device = resolve_device(device)
    return fit(episodes, training_weathers(), output, recipe.settings, device, resume, provenance, report)
