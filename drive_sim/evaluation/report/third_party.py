"""What of an evaluation is not drive_sim's own: drivers, networks, metrics, scenarios and suites of others."""

from __future__ import annotations

from drive_sim.evaluation.result_facts import DriverFacts, FileFacts
from drive_sim.evaluation.results import Results


def third_party(results: Results) -> list[str]:
    """A clause for each thing that drive_sim does not answer for: what it is, its package or file, and its SHA-256."""
    trained = results.training_runs.runs if results.training_runs else []
    drivers = [results.driver, *(one.driver for one in trained)]
    drivers += [one.driver for one in results.comparisons] + [one.driver for one in results.baselines]
    said = [_driver(driver) for driver in drivers]
    if results.suite_source is not None:
        said.append(f"suite {results.suite} ({_origin(None, results.suite_source)})")
    if results.scenario is not None and results.scenario.source is not None:
        said.append(f"scenario {results.suite} ({_origin(None, results.scenario.source)})")
    for name, metric in results.added_metrics.items():
        said.append(f"metric {name} ({_origin(None if metric.defined_in else metric.package, metric.defined_in)})")
    return list(dict.fromkeys(filter(None, said)))


def _driver(driver: DriverFacts) -> str:
    origin = _origin(driver.package, driver.source)
    return f"{'network of ' if driver.controller == 'model' else 'driver '}{driver.name} ({origin})" if origin else ""


def _origin(package: str | None, file: FileFacts | None) -> str:
    told = [package] if package else []
    if file is not None:
        told.append(f"{file.file}, SHA-256 {file.sha256[:16]}")
    return ", ".join(told)
