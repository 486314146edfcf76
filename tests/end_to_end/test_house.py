"""The layout of the house holds: few things a folder, a first page, short modules, types."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_THINGS = 16
FIRST_PAGE_ABOVE = 5
MOST_LINES = 400

COMPILED = {
    "kernel", "scalar", "inner_scalar", "inlined_scalar", "pixel_scalar", "frame_scalar", "intrinsic", "overload",
}  # fmt: skip
"""Decorators of functions whose types Numba infers."""
TEMPLATES = {"_cuda_template", "all_lanes"}
"""Functions without a decorator that Numba compiles or calls all the same."""
CONTENT = ("images", "golden", "benchmarks")
"""Folders of data, which may show more."""
MORE = {"tests": 2}
"""Folders that mirror drive_sim and add what is not in it: conftest, data, end_to_end."""

MODULES = sorted((ROOT / "drive_sim").rglob("*.py"))
FOLDERS = sorted({
    folder
    for top in ("drive_sim", "tests", "scripts", "docs")
    for path in (ROOT / top).rglob("*")
    if "__pycache__" not in path.parts and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    for folder in [path.parent]
    if not set(folder.relative_to(ROOT).parts) & set(CONTENT)
})  # fmt: skip


def things(folder: Path) -> list[Path]:
    """What a listing of the folder shows, without its first page."""
    return [
        path for path in folder.iterdir() if path.name not in ("__pycache__", "__init__.py") and path.name[0] != "."
    ]


def of_house(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def decorators(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Names of a function's decorators, without module and arguments."""
    calls = (each.func if isinstance(each, ast.Call) else each for each in function.decorator_list)
    return {ast.unparse(each).rpartition(".")[2] for each in calls}


def unannotated(tree: ast.Module) -> list[str]:
    """Host functions that lack the type of a parameter or of what they return."""
    found: list[str] = []

    def visit(node: ast.AST, compiled: bool) -> None:
        for child in ast.iter_child_nodes(node):
            inside = compiled
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                inside = compiled or bool(decorators(child) & COMPILED) or child.name in TEMPLATES
                given = child.args
                every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
                bare = [one.arg for one in every if one and not one.annotation and one.arg not in ("self", "cls")]
                constructor = child.name == "__init__" and not bare and len(given.args) > 1
                if not inside and (bare or (child.returns is None and not constructor)):
                    found.append(f"line {child.lineno}: {child.name}({', '.join(bare)})")
            visit(child, inside)

    visit(tree, compiled=False)
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=of_house)
def test_a_folder_shows_few_things_and_says_in_which_order_data_passes(folder: Path) -> None:
    shown = len(things(folder))
    assert shown <= MOST_THINGS + MORE.get(of_house(folder), 0), sorted(path.name for path in things(folder))
    if shown <= FIRST_PAGE_ABOVE or not (folder / "__init__.py").is_file():
        return
    page = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    if (folder / "README.md").is_file():
        page = f"{page}\n{(folder / 'README.md').read_text(encoding='utf-8')}"
    assert len(page.splitlines()) >= 2, f"the docstring of {of_house(folder)}/__init__.py is no first page"
    modules = {path.stem for path in things(folder) if path.suffix == ".py" or (path / "__init__.py").is_file()}
    unnamed = modules - set(re.findall(r"\w+", page)) - {"__main__"}
    assert not unnamed, f"the first page of {of_house(folder)} names all but {', '.join(sorted(unnamed))}"


@pytest.mark.parametrize("path", MODULES, ids=of_house)
@pytest.mark.slow
def test_a_module_is_short_and_its_host_functions_have_types(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MOST_LINES
    assert unannotated(ast.parse(text)) == []
