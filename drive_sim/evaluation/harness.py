"""Scoring a driver on a suite: draws, drives, estimates, compares, writes ``results.json`` and then ``report.html``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

from drive_sim.base.errors import InputError
from drive_sim.base.files import listed
from drive_sim.base.progress import Report
from drive_sim.compute.kernel import resolve_device
from drive_sim.drivers.driver import Driver
from drive_sim.evaluation.metrics.own import added_metrics
from drive_sim.evaluation.outputs import COMPARISON_PAGES, PAGE_NAME, check_folder, check_names
from drive_sim.evaluation.result_facts import LeftOut
from drive_sim.evaluation.results import FILE_NAME, Results, write_results
from drive_sim.evaluation.running.episodes import BATCH, Conditions, DrivenEpisodes, drive
from drive_sim.evaluation.running.preventability import demands_reaction, judge_preventable
from drive_sim.evaluation.running.summary import Chosen, Evaluation, results_of
from drive_sim.evaluation.suites.conditions import control_steps
from drive_sim.evaluation.suites.participants import TRAINING_RUNS, Participant, enter, enter_training_runs
from drive_sim.evaluation.suites.suite import Suite, draw_suite, list_suites, load_suite, scenario_suite

BASELINE_EPISODES = {"classical": 16}
"""Baselines that think long drive only the first episodes of a suite (under its first condition, then its next); the
report says how many."""
VIDEOS = 100
"""Failed episodes that are captured unless asked otherwise: each takes about a second and 0.3 MB of the page."""
DRIVING_SHARE = 0.85
"""Of the work; the rest goes into the report."""


class Options(TypedDict, total=False):
    """What `evaluate` may be told besides the driver and the suite."""

    roads: str | Path | None
    """Folder of centre-line files, for the suite real-roads."""
    episodes: int | None
    """How many, under each of the suite's conditions; the suite's own number if not given."""
    batch: int | None
    """Worlds driven at once; results do not depend on it (on a GPU, a network's may in their last bits)."""
    device: str
    """"cpu", "cuda", or "auto": CUDA where there is one. "cpu" if not given."""
    seed: int
    """Which draws of the suite's scenarios, and of the bootstrap; 0 if not given."""
    against: Sequence[str | Path | Driver]
    """Drivers to compare with on the same episodes, as ``driver`` is given."""
    training_runs: Sequence[str | Path]
    """Models trained as the driver was but for the seed, or patterns of their folders; they drive the same episodes."""
    real_time: bool
    """One world, paced by the wall clock; while a decision takes longer than a control period, the last holds."""
    latency: float
    """Delay of every command of the driver and of those compared with it [s], rounded up to whole control periods."""
    baselines: bool
    """Whether the suite's baselines drive too, as they do if not told otherwise."""
    seconds: float | None
    """How long an episode lasts at most; as the suite says if not given."""
    scenario: str | Path | None
    """A scenario that is driven alone in place of a suite: its bundled name or ``.toml`` file."""
    split: str | None
    """Whose draws of that scenario: "train", "validation" or "test"; if not given, "test", or the last that the
    file is for."""
    driver_options: Mapping[str, Any] | None
    """Passed to the driver's class or factory, or to its function with each observation."""
    metrics: Sequence[str | Path]
    """Files or modules of metrics of the user's own, which are shown beside the others."""


def evaluate(
    driver: str | Path | Driver,
    suite: str | Path | None = None,
    output: str | Path = "evaluation",
    report: Report = lambda share, text: None,
    videos: int | None = VIDEOS,
    **options: Unpack[Options],
) -> Path:
    """Score ``driver`` on ``suite``; returns the path of ``report.html``, which lies beside ``results.json``.

    ``driver`` is the name of one, a model's folder, a reference such as ``my_file.py:MyDriver``, or an object with the
    members of `drive_sim.drivers.driver.Driver`, of which ``sensors`` and ``act`` are enough; ``suite`` the name of a
    suite or a ``.toml`` file; ``output`` the folder to write into, made if it is not there; ``report`` is told of
    progress; ``videos`` says how many failed episodes are captured at most, every one if None.

    Raises
    ------
    InputError
        for arguments and files that a person can put right, before anything is driven. A road file that cannot be
        used ends nothing: it is left out, and the report and the results name it. For a driver of the user's own that
        raises or answers what is no action, after writing what was finished by then.
    KeyboardInterrupt
        after writing what was finished by then, marked as not complete.
    """
    from drive_sim.evaluation.report.page import check_report

    folder = check_folder(Path(output), (FILE_NAME, PAGE_NAME))
    _check_names(driver, output, options)
    check_report(videos)
    with added_metrics(options.get("metrics", ())):
        return _evaluate(driver, suite, folder, report, videos, **options)


def _evaluate(
    driver: str | Path | Driver,
    suite: str | Path | None,
    folder: Path,
    report: Report,
    videos: int | None,
    **options: Unpack[Options],
) -> Path:
    """Draw, drive, estimate and write, with the metrics of the user's own among the others."""
    from drive_sim.evaluation.report.page import write_report

    evaluation, plan = _prepare(driver, suite, folder, **options)
    try:
        _drive_all(evaluation, plan, _part(report, 0.0, DRIVING_SHARE))
    except (KeyboardInterrupt, InputError):
        if evaluation.driver.scores:
            partial = _write(evaluation, folder, complete=False)
            report(0.0, f"stopped: {len(partial.episodes)} episodes are in {folder / FILE_NAME}")
        raise
    results = _write(evaluation, folder, complete=True)
    page = folder / PAGE_NAME
    scored = (evaluation.driver, *evaluation.compared)
    drivers = [task.participant.driver for task in plan if any(task.driven is driven for driven in scored)]
    write_report(page, results, evaluation, drivers, videos, _part(report, DRIVING_SHARE, 1.0))
    report(1.0, str(page))
    return page


def _check_names(driver: str | Path | Driver, output: str | Path, options: Options) -> None:
    roads = options.get("roads")
    check_names(
        {
            "driver": [driver] if isinstance(driver, str | Path) else [],
            "--output": [output],
            "--roads": [] if roads is None else [roads],
            "--against": [name for name in options.get("against", ()) if isinstance(name, str | Path)],
            TRAINING_RUNS: options.get("training_runs", ()),
        }
    )


@dataclass(frozen=True)
class _Task:
    """A driver and what it is to drive."""

    participant: Participant
    driven: DrivenEpisodes
    episodes: int
    """So many of all that is driven: those drawn, once for each of the suite's conditions."""
    conditions: Conditions


def _prepare(
    driver: str | Path | Driver,
    suite: str | Path | None,
    folder: Path,
    roads: str | Path | None = None,
    episodes: int | None = None,
    batch: int | None = None,
    device: str = "cpu",
    seed: int = 0,
    against: Sequence[str | Path | Driver] = (),
    real_time: bool = False,
    latency: float = 0.0,
    baselines: bool = True,
    seconds: float | None = None,
    training_runs: Sequence[str | Path] = (),
    scenario: str | Path | None = None,
    split: str | None = None,
    driver_options: Mapping[str, Any] | None = None,
    metrics: Sequence[str | Path] = (),
) -> tuple[Evaluation, list[_Task]]:
    """What is to be driven, by which drivers in which order; `Options` says what the arguments are."""
    chosen, device = _chosen_suite(suite, scenario, split).with_seconds(seconds), resolve_device(device)
    main = enter(driver, device, "driver", folder, driver_options)
    others = enter_training_runs(main, training_runs, device, folder)
    compared = [enter(name, device, "--against", folder) for name in against]
    road_files = None if roads is None else Path(roads)
    left_out: list[LeftOut] = []
    drawn = draw_suite(
        chosen, episodes, seed, road_files, lambda path, error: left_out.append(LeftOut.of(path.name, error))
    )
    conditions = Conditions(chosen.on_failure, device, batch or BATCH[device], real_time, control_steps(latency))
    evaluation = Evaluation(
        chosen, seed, road_files, conditions, drawn, DrivenEpisodes(main.facts), seconds, baselines, folder, left_out
    )
    evaluation.chosen = Chosen(suite, scenario, metrics)
    driving = {participant.facts.given for participant in (main, *compared)}
    beside = [name for name in chosen.baselines if baselines and name not in driving]
    field = [enter(name, device, f"suite {chosen.name}") for name in beside]
    return evaluation, _plan(evaluation, main, others, compared, field)


def _chosen_suite(suite: str | Path | None, scenario: str | Path | None, split: str | None) -> Suite:
    """The suite, or that of a scenario alone; InputError for both, neither, and a split of a suite."""
    if scenario is not None:
        if suite is not None:
            raise InputError("--scenario", "", "cannot be given together with --suite", "give one of them")
        return scenario_suite(scenario, split)
    if suite is None:
        hint = f"give --suite NAME ({', '.join(list_suites())}), or --scenario FILE"
        raise InputError("--suite", "", "is missing", hint)
    if split is not None:
        raise InputError("--split", "", "means nothing to a suite, which has one", "use it with --scenario")
    return load_suite(str(suite))


def _plan(
    evaluation: Evaluation,
    main: Participant,
    training_runs: Sequence[Participant],
    compared: Sequence[Participant],
    baselines: Sequence[Participant],
) -> list[_Task]:
    """What driver, training runs, compared drivers and baselines drive; slow baselines the first episodes only."""
    conditions, everything = evaluation.conditions, len(evaluation.episodes)
    evaluation.training_runs = [DrivenEpisodes(participant.facts) for participant in training_runs]
    evaluation.compared = [DrivenEpisodes(participant.facts) for participant in compared]
    evaluation.baselines = [DrivenEpisodes(participant.facts) for participant in baselines]
    plan = [_Task(main, evaluation.driver, everything, conditions)]
    asked = [
        *zip(training_runs, evaluation.training_runs, strict=True),
        *zip(compared, evaluation.compared, strict=True),
    ]
    for participant, driven in asked:
        plan.append(_Task(participant, driven, everything, conditions))
    # A baseline is there for its score: it need not keep up with the clock.
    batched = replace(conditions, real_time=False, latency=0)
    for participant, driven in zip(baselines, evaluation.baselines, strict=True):
        count = min(everything, BASELINE_EPISODES.get(participant.facts.given, everything))
        plan.append(_Task(participant, driven, count, batched))
    return plan


def _drive_all(evaluation: Evaluation, plan: Sequence[_Task], report: Report) -> None:
    judging = sum(demands_reaction(episode) for episode in evaluation.drawn)
    total, before = judging + sum(task.episodes for task in plan), judging
    share = _part(report, 0.0, judging / max(total, 1))
    asked = evaluation.conditions
    preventable = judge_preventable(evaluation.drawn, asked.device, asked.batch, share)
    for task, conditions, count in _stretches(evaluation, plan):
        drive(
            task.driven,
            task.participant.driver,
            evaluation.drawn[:count],
            conditions,
            _part(report, before / total, (before + count) / total),
            keep_traces=any(task.driven is one for one in (evaluation.driver, *evaluation.compared)),
            preventable=preventable[:count],
        )
        before += count


def _stretches(evaluation: Evaluation, plan: Sequence[_Task]) -> Iterator[tuple[_Task, Conditions, int]]:
    """Which task drives how many of the drawn episodes under which of the suite's conditions, in order."""
    for task in plan:
        left = task.episodes
        for conditions in evaluation.variants(task.conditions):
            count = min(left, len(evaluation.drawn))
            if count:
                yield task, conditions, count
            left -= count


def _part(report: Report, begin: float, end: float) -> Report:
    """A report on work that is the part from ``begin`` to ``end`` of all."""
    return lambda share, text: report(begin + share * (end - begin), text)


def _write(evaluation: Evaluation, folder: Path, complete: bool) -> Results:
    """Write results.json, and then take older reports away, which contradict it."""
    results = results_of(evaluation, complete)
    try:
        write_results(results, folder)
        for page in (folder / PAGE_NAME, *listed(folder, COMPARISON_PAGES)):
            page.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            folder, "", f"cannot be written to ({error.strerror})", "name a folder that can be written"
        ) from None
    return results
