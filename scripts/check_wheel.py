"""Use an installed wheel as its users do: outside the checkout, with the core alone.

    python scripts/check_wheel.py CHECKOUT

Fails if the package comes from the checkout, if bundled data is missing, or if stepping an environment needs more than
the core's dependencies.
"""

import sys
from pathlib import Path

checkout = Path(sys.argv[1]).resolve()

# What an extra brings is as good as not installed.
for module in ("av", "jinja2", "matplotlib", "pygame", "safetensors", "tensorboard", "torch"):
    sys.modules[module] = None  # type: ignore[assignment]

import gymnasium  # noqa: E402

import drive_sim  # noqa: E402
from drive_sim.base.resources import models_folder, recipe_files, scenarios_folder  # noqa: E402
from drive_sim.world.scenarios.scenario import load_scenario  # noqa: E402

package = Path(drive_sim.__file__).resolve().parent
assert checkout not in package.parents, f"{package} is the checkout's"

for folder, name in ((scenarios_folder(), "scenarios"), (models_folder(), "models")):
    assert package in folder.parents, f"{folder} is outside the package"
    there = {path.relative_to(checkout / name) for path in (checkout / name).rglob("*") if path.is_file()}
    here = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert here == there, f"{name}: {sorted(map(str, here ^ there))} are in one of wheel and checkout only"

ours, shipped = (
    sorted(path.name for path in folder.glob("*.toml"))
    for folder in (checkout / "drive_sim/learning/recipes", package / "learning/recipes")
)
assert shipped == ours == sorted(path.name for path in recipe_files().values()), f"recipes: {shipped}, {ours}"

episode = load_scenario("lane-keeping/rural").draw(0)
print(f"scenario: {episode.scenario}, road {episode.road.name}")

environment = gymnasium.make("DriveSim-v0", scenario="lane-keeping/rural", sensors=("camera", "lidar", "odometry"))
observation, info = environment.reset(seed=1)
for _ in range(5):
    observation, reward, terminated, truncated, info = environment.step(environment.action_space.sample())
print("observation:", {name: value.shape for name, value in observation.items()})
environment.close()
