"""docs/reference/command-line.md, from the commands."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from drive_sim.cli.arguments import NamingOption
from drive_sim.cli.main import application
from scripts.reference.markdown import NOTE, cell


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """A command and those below it, with their full names."""
    yield name, command
    if isinstance(command, click.Group):
        for below in sorted(command.commands):
            yield from commands(command.commands[below], f"{name} {below}")


def command_page() -> str:
    """docs/reference/command-line.md."""
    parts = ["# Command line\n", NOTE]
    for name, command in commands(application, "drive-sim"):
        if command.hidden:
            continue
        arguments = [each.human_readable_name.upper() for each in command.params if isinstance(each, click.Argument)]
        parts.append(f"## `{' '.join([name, *arguments])}`\n")
        parts.append(inspect.cleandoc(command.help or "").replace("\b\n", "") + "\n")
        options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
        if options:
            rows = ["| option | default | |", "|---|---|---|"]
            for option in options:
                names = ", ".join(f"`{one}`" for one in (*option.opts, *option.secondary_opts))
                shown = option.show_default and option.default is not None and option.default is not False
                text = option.naming_help if isinstance(option, NamingOption) else option.help or ""
                rows.append(f"| {names} | {f'`{cell(option.default)}`' if shown else ''} | {cell(text)} |")
            parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)
