"""What the ``drive-sim`` command's arguments may be, and how a wrong one is told."""

from __future__ import annotations

from pathlib import Path

import click

from drive_sim.base.errors import InputError

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
AT_LEAST_ONE = click.IntRange(min=1)
SEED = click.IntRange(min=0, max=2**63 - 1)
DEVICE = click.Choice(["auto", "cpu", "cuda"])


class SuiteOption(click.Option):
    """Whose help names the suites that there are, when it is asked for."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option and its help."""
        from drive_sim.base.resources import suite_files

        self.help = f"One of {', '.join(suite_files())}."
        return super().get_help_record(ctx)


def videos(context: click.Context, option: click.Parameter, value: str) -> int | None:
    """A number of videos; None for all."""
    if value == "all":
        return None
    if not value.isdecimal():
        raise click.BadParameter(f"{value!r} is neither a number of videos (0 or more) nor all", context, option)
    return int(value)


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
    mend = f"see {path} --help"
    possibilities = getattr(error, "possibilities", None)
    if possibilities:
        mend = f"did you mean {' or '.join(possibilities)}? {mend}"
    return InputError(source, field, problem, mend)
