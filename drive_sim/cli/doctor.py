"""What this machine has, and what to do about what is missing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from drive_sim.cli.exit_status import FAILED

OLDEST_PYTHON = (3, 11)
DISK_WANTED = 2.0
"""Free disk [GB] that a demo with its recording, model and report wants."""

CORE = (
    "click", "gymnasium", "numba", "numpy", "opencv-python-headless", "platformdirs", "pyarrow", "pydantic", "rich",
    "scipy",
)  # fmt: skip
"""Distributions that nothing works without."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    """What was looked for."""
    present: bool
    detail: str
    """What was found: version, place, number."""
    hint: str = ""
    """What to do where it is missing; empty when there is nothing to do."""
    essential: bool = False
    """Whether driving is impossible without it."""

    def __str__(self) -> str:
        hint = f"; {self.hint}" if self.hint and not self.present else ""
        return f"{'ok     ' if self.present else 'missing'}  {self.name:<14}  {self.detail}{hint}"


def report() -> list[Finding]:
    """Look at everything; never raises, whatever is broken."""
    checks: tuple[Callable[[], Finding], ...] = (
        find_python,
        find_core,
        find_kernel_cache,
        find_cores,
        find_torch,
        find_cuda,
        find_window,
        find_display,
        find_joysticks,
        find_report_tools,
        find_disk,
    )
    return [_look(check) for check in checks]


def essentials_present(findings: list[Finding]) -> bool:
    """Whether nothing essential is missing."""
    return all(finding.present for finding in findings if finding.essential)


def _look(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - a doctor that dies of the patient's illness is of no use
        name = check.__name__.removeprefix("find_").replace("_", " ")
        return Finding(name, False, f"{type(error).__name__}: {error}", "install it again")


def find_python() -> Finding:
    """Python's version."""
    hint = f"install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer"
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("python", sys.version_info[:2] >= OLDEST_PYTHON, detail, hint, essential=True)


def find_core() -> Finding:
    """The distributions of the core, with the versions that figures depend on."""
    missing = [name for name in CORE if _version(name) is None]
    if missing:
        return Finding("core", False, f"no {', '.join(missing)}", "pip install drive-sim", essential=True)
    detail = ", ".join(f"{name} {_version(name)}" for name in ("numpy", "numba", "gymnasium"))
    return Finding("core", True, detail, essential=True)


def kernel_cache() -> Path | None:
    """Folder of this version's compiled kernels on this machine, whether it exists or not; None: there is no place."""
    from drive_sim.compute.cache import cache_folder

    return cache_folder()


def compiled_kernels() -> int:
    """How many compiled functions are cached; 0 means that the first start will compile."""
    from drive_sim.compute.cache import compiled_functions

    folder = kernel_cache()
    return 0 if folder is None else len(compiled_functions(folder))


def find_kernel_cache() -> Finding:
    """Where compiled kernels are kept, whether it is warm, whole and can be written."""
    from drive_sim.base.errors import InputError
    from drive_sim.compute.cache import compiled_functions
    from drive_sim.compute.kernel_cache import intact

    name = "kernel cache"
    try:
        folder = kernel_cache()
    except InputError as error:
        detail = f"{error.source}={error.field}: {error.problem}"
        return Finding(name, False, detail, error.hint, essential=True)
    hint = "set DRIVE_SIM_CACHE to a folder that can be written, or each start compiles"
    if folder is None:
        return Finding(name, False, "the user has no cache folder", hint)
    files = compiled_functions(folder)
    damaged = sum(intact(path) is None for path in files)
    if damaged:
        again = "nothing to do: they are compiled again when they are needed"
        return Finding(name, False, f"{folder}: {damaged} of {len(files)} functions are damaged", again)
    state = f"warm, {len(files)} functions" if files else "cold: the first start compiles for up to a minute"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        if not files:
            return Finding(name, False, f"{folder}: {error.strerror}", hint)
        state += ", read only"
    return Finding(name, True, f"{folder} ({state})")


def find_cores() -> Finding:
    """Processor cores, and the threads that loops over worlds use."""
    from drive_sim.base.errors import InputError
    from drive_sim.compute.threads import thread_count, usable_cores

    cores = f"{usable_cores()} of {os.cpu_count() or 1} cores may be used"
    try:
        return Finding("cores", True, f"{cores}, {thread_count()} threads (DRIVE_SIM_THREADS)")
    except InputError as error:
        return Finding("cores", False, f"{cores}; {error.source}: {error.problem}", error.hint, essential=True)


def find_torch() -> Finding:
    """The library that trains and runs networks."""
    try:
        import torch
    except ImportError:
        hint = "pip install 'drive-sim[learn]' to train and to drive with models"
        return Finding("torch", False, "not installed", hint)
    return Finding("torch", True, f"{torch.__version__}, {torch.get_num_threads()} threads")


def find_cuda() -> Finding:
    """A GPU that both torch (networks) and Numba (simulation) can use."""
    gpu = _nvidia_gpu()
    try:
        import torch
    except ImportError:
        return Finding("cuda", False, f"{gpu or 'no GPU'}, no torch", "pip install 'drive-sim[learn]'")
    if not torch.cuda.is_available():
        if gpu is None:
            return Finding(
                "cuda", False, "no NVIDIA GPU", "nothing to do: a GPU makes it faster, everything runs without"
            )
        hint = "install a CUDA build of torch (README, Installing with pip)"
        return Finding("cuda", False, f"{gpu}: torch {torch.__version__} cannot use it", hint)
    from drive_sim.compute.kernel import cuda_available

    found = f"{gpu or torch.cuda.get_device_name(0)}, torch for CUDA {torch.version.cuda}"
    if not cuda_available():
        hint = f"pip install 'numba-cuda[cu{str(torch.version.cuda).partition('.')[0]}]'"
        return Finding("cuda", False, f"{found}: Numba cannot use it", hint)
    return Finding("cuda", True, found)


def find_window() -> Finding:
    """The library that opens the window."""
    version = _version("pygame-ce")
    hint = "pip install 'drive-sim[window]' to drive yourself"
    return Finding("window", version is not None, f"pygame-ce {version}" if version else "not installed", hint)


def find_display() -> Finding:
    """A display to open the window on."""
    driver = os.environ.get("SDL_VIDEODRIVER")
    if driver:
        hint = "unset SDL_VIDEODRIVER to see the window"
        return Finding("display", driver not in ("dummy", "offscreen"), f"SDL_VIDEODRIVER={driver}", hint)
    if sys.platform in ("win32", "darwin"):
        return Finding("display", True, "the desktop")
    for variable in ("WAYLAND_DISPLAY", "DISPLAY"):
        if os.environ.get(variable):
            return Finding("display", True, f"{variable}={os.environ[variable]}")
    hint = "use --headless, or a virtual one: xvfb-run drive-sim drive"
    return Finding("display", False, "neither DISPLAY nor WAYLAND_DISPLAY is set", hint)


def find_joysticks() -> Finding:
    """Gamepads and wheels that are plugged in."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        from pygame import joystick
    except ImportError:
        return Finding("joysticks", False, "pygame-ce is not installed", "pip install 'drive-sim[window]'")
    # The joystick part alone needs no display.
    joystick.init()
    try:
        names = [joystick.Joystick(index).get_name() for index in range(joystick.get_count())]
    finally:
        joystick.quit()
    return Finding("joysticks", bool(names), ", ".join(names) or "none", "plug one in, or drive with the keyboard")


def find_report_tools() -> Finding:
    """What evaluation needs for plots, pages and videos."""
    missing = [name for name in ("av", "jinja2", "matplotlib") if _version(name) is None]
    if missing:
        return Finding("report", False, f"no {', '.join(missing)}", "pip install 'drive-sim[report]' to evaluate")
    return Finding("report", True, f"PyAV {_version('av')} with its own ffmpeg, matplotlib {_version('matplotlib')}")


def find_disk() -> Finding:
    """Free disk space where the command was called."""
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return Finding(
        "disk", free >= DISK_WANTED, f"{free:.1f} GB free here", f"make room: {DISK_WANTED:.0f} GB are wanted"
    )


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _nvidia_gpu() -> str | None:
    """Name and driver of the first NVIDIA GPU, as NVIDIA's own program tells them; None where there is none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    query = [program, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    if answer.returncode != 0 or not answer.stdout.strip():
        return None
    name, _, driver = answer.stdout.splitlines()[0].partition(", ")
    return f"{name}, driver {driver}"


@click.command()
def doctor() -> None:
    """Say what this machine has, and what to do about what is missing."""
    findings = report()
    for finding in findings:
        click.echo(finding)
    if not essentials_present(findings):
        raise click.exceptions.Exit(FAILED)
