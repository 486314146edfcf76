"""What the ``drive-sim`` command's arguments may be, and how a wrong one is told."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from drive_sim.base.errors import InputError

F = TypeVar("F", bound=Callable[..., Any])


class HomePath(click.Path):
    """A path in which a leading ``~`` is the home: shells do not expand it after an equals sign, some nowhere."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The `Path` that ``value`` names."""
        return super().convert(at_home(value, param, ctx), param, ctx)


class NameOrPath(click.types.StringParamType):
    """A name of something bundled, or a path as `HomePath` takes it; a str."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """``value`` with the home for ``~``."""
        return str(at_home(value, param, ctx))


class FiniteRange(click.FloatRange):
    """A finite number in a range: `click.FloatRange` lets NaN through any of its bounds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """``value`` as a float."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number


def at_home(value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
    """``value`` with the home directory for a leading ``~``; `click.BadParameter` for an empty or homeless one."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        raise click.BadParameter("is empty", ctx, param)
    try:
        return str(Path(value).expanduser()) if value.startswith("~") else value
    except RuntimeError as error:
        raise click.BadParameter(f"{value!r}: {error}", ctx, param) from None


FOLDER = HomePath(file_okay=False, path_type=Path)
FILE = HomePath(dir_okay=False, path_type=Path)
ANY_PATH = HomePath(path_type=Path)
NAME_OR_PATH = NameOrPath()
COUNT = click.IntRange(min=1, max=100_000)
"""Of episodes or of worlds: the largest is hours of work, and gigabytes."""
SEED = click.IntRange(min=0, max=2**63 - 1)
DEVICE = click.Choice(["auto", "cpu", "cuda"])


class NamingOption(click.Option):
    """An option whose help, when it is asked for, lists what there is."""

    def names(self) -> Iterable[str]:
        """What there is, those of other packages too."""
        raise NotImplementedError

    @property
    def naming_help(self) -> str:
        """The option's own help, and the names."""
        return f"{(self.help or '').rstrip('.')}: {', '.join(self.names())}."

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option and its help."""
        record = super().get_help_record(ctx)
        if record is None or not self.help:
            return record
        return record[0], record[1].replace(self.help, self.naming_help)


class SuiteOption(NamingOption):
    """A suite."""

    def names(self) -> Iterable[str]:
        """The suites there are."""
        from drive_sim.base.resources import suite_files

        return suite_files()


class DriverOption(NamingOption):
    """A driver."""

    def names(self) -> Iterable[str]:
        """The drivers there are."""
        from drive_sim.drivers.registry import OTHERWISE, driver_names

        return (*driver_names(), OTHERWISE)


class NetworkOption(NamingOption):
    """A network."""

    def names(self) -> Iterable[str]:
        """The networks there are."""
        from drive_sim.drivers.neural.registry import NETWORKS, OTHERWISE

        return (*NETWORKS, f"or {OTHERWISE}")


class RecipeOption(NamingOption):
    """A recipe of a training run."""

    def names(self) -> Iterable[str]:
        """The recipes that ship."""
        from drive_sim.base.resources import recipe_files

        return recipe_files()


class RecipeCommand(click.Command):
    """A command whose help ends with a line on each recipe that ships."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Name and description of each."""
        from drive_sim.base.resources import recipe_files
        from drive_sim.base.toml import read_toml

        with formatter.section("Recipes"):
            rows = [(name, str(read_toml(path).get("description", ""))) for name, path in recipe_files().items()]
            formatter.write_dl(rows)


def videos(context: click.Context, option: click.Parameter, value: str) -> int | None:
    """A number of videos; None for all."""
    if value == "all":
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= 9):
        raise click.BadParameter(f"{value[:20]!r} is neither a number of videos (0 or more) nor all", context, option)
    return int(value)


def key_values(context: click.Context, option: click.Parameter, value: Iterable[str]) -> dict[str, Any]:
    """``KEY=VALUE`` words as a dict; a VALUE that is JSON is what it means, any other a string."""
    found: dict[str, Any] = {}
    for word in value:
        key, equals, text = word.partition("=")
        if not (equals and key.isidentifier()):
            raise click.BadParameter(f"{word!r} is not KEY=VALUE", context, option)
        try:
            found[key] = json.loads(text)
        except ValueError:
            found[key] = text
    return found


DRIVER_OPTIONS = click.option(
    "--driver-option",
    "driver_options",
    metavar="KEY=VALUE",
    multiple=True,
    callback=key_values,
    help="An option of the driver's own; may be repeated. VALUE is JSON, or else a string.",
)
"""Decorator of commands with a driver."""


def traceback_option(command: F) -> F:
    """The option ``--traceback`` of commands that run the user's own code."""

    def ask(context: click.Context, _option: click.Parameter, value: bool) -> None:
        if value and isinstance(context.find_root().obj, dict):
            context.find_root().obj["traceback"] = True

    told = "Where code of your own raises, show the whole traceback; so does DRIVE_SIM_DEBUG=1."
    return click.option("--traceback", is_flag=True, expose_value=False, callback=ask, help=told)(command)


def renamed_option(old: str, new: str, flag: bool = False) -> Callable[[F], F]:
    """An option's old name, which the help does not show: its use is answered with the ``new`` one."""

    def tell(_context: click.Context, _option: click.Parameter, value: object) -> None:
        if value:
            raise InputError(old, "", f"is called {new} now", f"write {new}")

    name = f"old_{old.strip('-').replace('-', '_')}"
    return click.option(old, name, is_flag=flag, hidden=True, expose_value=False, callback=tell)


def usage_error(error: click.UsageError, program: str) -> InputError:
    """Click's usage error, several lines in its own words, as this project's one line, of the command ``program``."""
    path = error.ctx.command_path if error.ctx else program
    source = path.removeprefix(program).strip() or "command line"
    field, problem = getattr(error, "option_name", ""), error.message.rstrip(".")
    if isinstance(error, click.BadParameter) and error.param is not None:
        field = error.param.get_error_hint(error.ctx).strip("'")
    if isinstance(error, click.MissingParameter):
        problem = "is missing"
    for its_words, plain in (("a valid integer range", "a whole number"), ("a valid float range", "a number")):
        problem = problem.replace(its_words, plain)
    hint = f"see {path} --help"
    possibilities = getattr(error, "possibilities", None)
    if possibilities:
        hint = f"did you mean {' or '.join(possibilities)}? {hint}"
    return InputError(source, field, problem, hint)
