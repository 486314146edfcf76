"""The one error that a user's mistake ends in."""

from __future__ import annotations

from pathlib import Path


class InputError(ValueError):
    """Bad input: a file, field or argument that the user can put right.

    The command line prints ``str(error)`` as one line on standard error and exits with status 2.

    Parameters
    ----------
    source
        What was read: a path, or an argument's name such as ``--suite``.
    field
        Where in it: a key, a line or a column; empty when the whole source is meant.
    problem
        What is wrong, as a clause.
    hint
        What to do about it, as an imperative clause.
    """

    def __init__(self, source: str | Path, field: str, problem: str, hint: str) -> None:
        self.source, self.field, self.problem, self.hint = str(source), field, problem, hint
        where = f"{source}: {field}" if field else str(source)
        # One line whatever the parts hold, so that logs and shells can rely on it.
        line = " ".join(f"{where}: {problem}; {hint}".split())
        # A file's name may hold bytes that are not UTF-8, which no log and no report can.
        super().__init__(line.encode("utf-8", "replace").decode())
