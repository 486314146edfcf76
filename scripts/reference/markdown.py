"""Markdown tables, and what the docstrings of fields say."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTE = "Written by `python scripts/write_reference.py`; change the code, not this page.\n"


def cell(text: object) -> str:
    """Text that can stand in a table."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("``", "`")


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return (
        "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))
        .replace("| --- ", "|---")
        .replace("--- |", "---|")
    )


def meanings(table: type) -> dict[str, tuple[str, str]]:
    """Type as written and docstring of each field of a table or dataclass, in order."""
    body = ast.parse(inspect.getsource(table)).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, tuple[str, str]] = {}
    last = ""
    for node in body.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id != "model_config":
            last = node.target.id
            found[last] = (ast.unparse(node.annotation), "")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and last:
            found[last] = (found[last][0], str(node.value.value))
        else:
            last = ""
    return found


def first_sentence(text: str | None) -> str:
    """The first sentence of a docstring."""
    return re.split(r"\.(?: (?!\d)|$)", cell(text or ""))[0]


def filled(page: str, tables: Mapping[str, str]) -> str:
    """The text of a page with the table below each marker ``<!-- table: NAME -->`` as the code has it.

    Raises
    ------
    LookupError
        A table has no marker, or a marker no table.
    """
    marked = re.findall(r"^<!-- table: (.+) -->$", page, flags=re.MULTILINE)
    if sorted(marked) != sorted(tables):
        raise LookupError(f"markers {sorted(set(marked) - set(tables))}, tables {sorted(set(tables) - set(marked))}")
    for name, table in tables.items():
        before, marker, after = page.partition(f"<!-- table: {name} -->\n")
        page = before + marker + table + re.sub(r"\A(\|.*\n)*", "", after)
    return page
