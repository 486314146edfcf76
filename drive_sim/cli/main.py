"""The ``drive-sim`` command: its subcommands, a module each, and how their errors end.

A command parses, calls and prints; it decides nothing. It imports what it calls when it is called, so that
``drive-sim --help`` answers at once and needs neither a display nor torch. Exit status: 0 done, 1 the work failed,
2 bad arguments or bad input, 130 interrupted, 143 terminated; the user's mistakes end in one line on standard error.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from types import FrameType

import click

from drive_sim import __version__
from drive_sim.base.errors import InputError
from drive_sim.cli.arguments import usage_error
from drive_sim.cli.bench import bench
from drive_sim.cli.cache import cache
from drive_sim.cli.compare import compare
from drive_sim.cli.data import data
from drive_sim.cli.demo import demo
from drive_sim.cli.doctor import doctor
from drive_sim.cli.drive import drive
from drive_sim.cli.evaluate import evaluate
from drive_sim.cli.exit_status import BAD_INPUT, DONE, FAILED, INTERRUPTED, TERMINATED
from drive_sim.cli.export import export
from drive_sim.cli.mine import mine
from drive_sim.cli.replay import replay
from drive_sim.cli.train import train

PROGRAM = "drive-sim"

EXTRA_OF = {
    "av": "report",
    "jinja2": "report",
    "matplotlib": "report",
    "pygame": "window",
    "safetensors": "learn",
    "tensorboard": "learn",
    "torch": "learn",
}
"""Which extra of the package brings a module that the core does without."""

USERS_DISK = (errno.EACCES, errno.EDQUOT, errno.EFBIG, errno.ENOSPC, errno.EPERM, errno.EROFS)
"""Failures to write or read that the user can put right, and no traceback explains."""


@click.group(name=PROGRAM, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name=PROGRAM)
def application() -> None:
    """Drive, record, learn and prove: a 2D driving simulator with sensors, imitation learning and evaluation."""


for command in (bench, cache, compare, data, demo, doctor, drive, evaluate, export, mine, replay, train):
    application.add_command(command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command with ``arguments`` (those of the process if None) and return its exit status."""
    asked = {"traceback": os.environ.get("DRIVE_SIM_DEBUG", "0") not in ("", "0")}
    try:
        _check_names(sys.argv[1:] if arguments is None else arguments)
        status = application.main(arguments, prog_name=PROGRAM, standalone_mode=False, obj=asked)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return DONE
    except click.UsageError as error:
        return _say(str(usage_error(error, PROGRAM)), BAD_INPUT)
    except InputError as error:
        if asked["traceback"] and error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        return _say(str(error), BAD_INPUT)
    except click.Abort as abort:
        # Click takes any EOFError for Ctrl-D; one that its own prompts did not turn into an Abort is a fault of ours.
        if isinstance(abort.__cause__, EOFError):
            raise abort.__cause__ from None
        return _say_ended(abort.__cause__)
    except ModuleNotFoundError as error:
        extra = EXTRA_OF.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        return _say(f"{error.name}: is not installed; pip install 'drive-sim[{extra}]'", FAILED)
    except MemoryError:
        return _say("the memory does not suffice; ask for fewer episodes, or fewer at once with --batch", FAILED)
    except OSError as error:
        if error.errno not in USERS_DISK:
            raise
        problem = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        return _say(f"{problem}; name a place that can be written and has room", BAD_INPUT)
    # A command that ends by Exit(status) hands the status back; one that simply returns hands back None.
    return status if isinstance(status, int) else DONE


def _check_names(arguments: Sequence[str]) -> None:
    """InputError for an argument that results, recordings and reports could not name."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = argument.encode(errors="backslashreplace").decode()
            raise InputError("command line", shown, "is not UTF-8", "rename it, or name it in UTF-8") from None


def _open_closed_streams() -> None:
    """Open the null device for each standard stream that the caller has closed.

    Else the next file that is opened gets its number, and what a library prints lands in that file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def _flush_output() -> None:
    """Write what is left. A reader that has gone (``| head``) is no error; Python would report one at exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(line: str, status: int) -> int:
    click.echo(f"{PROGRAM}: {line}", err=True)
    return status


class _Terminated(KeyboardInterrupt):
    """SIGTERM: work ends as at Ctrl-C, and what was done is kept."""


def _end(number: int, frame: FrameType | None) -> None:
    """End the work at SIGINT or SIGTERM; during an import, as soon as that is done.

    A library in C++ that is being loaded would meet the exception where it can only abort the process.
    """
    if _importing(frame):
        threading.Timer(0.05, _interrupt_main_thread, (number,)).start()
    else:
        raise _Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _importing(frame: FrameType | None) -> bool:
    """Whether a frame, or one that it was called from, is Python's import system."""
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def _interrupt_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Send an interrupt once more that met a callback from C or a finaliser, where Python can only print it."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        number = signal.SIGTERM if issubclass(unraisable.exc_type, _Terminated) else signal.SIGINT
        threading.Timer(0.05, _interrupt_main_thread, (number,)).start()
    else:
        sys.__unraisablehook__(unraisable)


def _interrupt_main_thread(number: int) -> None:
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:  # a signal to another thread would not wake a main thread that waits
        signal.pthread_kill(threading.main_thread().ident or 0, number)


def _say_ended(cause: BaseException | None) -> int:
    if isinstance(cause, _Terminated):
        return _say("terminated", TERMINATED)
    return _say("interrupted", INTERRUPTED)


def main() -> None:
    """Entry point of the installed ``drive-sim`` command."""
    try:
        _open_closed_streams()
        signal.signal(signal.SIGTERM, _end)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _end)
        sys.unraisablehook = _interrupt_again
        try:
            status = run()
        finally:
            _flush_output()
    except KeyboardInterrupt as interrupt:  # outside a command, or once more while the first is told of
        status = _say_ended(interrupt)
    if status in (INTERRUPTED, TERMINATED):
        # All that counts is on the disk. Nothing waits for threads that still compute: a second Ctrl-C would meet them.
        _flush_output()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    main()
