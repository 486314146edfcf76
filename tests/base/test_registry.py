"""Entries by name: ours first, other packages' by entry points, and one clear line for what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from drive_sim.base.errors import InputError
from drive_sim.base.registry import Registry

Installer = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """Installs a distribution of one module with entry points of the group ``toy.things``."""

    def make(name: str, module: str = "", version: str = "1.0", **entries: str) -> None:
        folder = tmp_path / name
        metadata = folder / f"{name}-{version}.dist-info"
        metadata.mkdir(parents=True)
        (folder / f"{name}_module.py").write_text(module, encoding="utf-8")
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (metadata / "METADATA").write_text(head, encoding="utf-8")
        lines = "".join(f"{entry} = {target}\n" for entry, target in entries.items())
        (metadata / "entry_points.txt").write_text(f"[toy.things]\n{lines}", encoding="utf-8")
        monkeypatch.syspath_prepend(str(folder))

    return make


def registry(**own: object) -> Registry[object]:
    return Registry("toy.things", "thing", own)


def test_own_entries_come_first_in_their_order_and_those_of_packages_by_name(install: Installer) -> None:
    install("gamma", "one, two = 1, 2", zebra="gamma_module:one", antelope="gamma_module:two")
    things = registry(b=10, a="math:pi")
    assert list(things) == ["b", "a", "antelope", "zebra"]
    assert things["a"] == pytest.approx(3.14159, abs=1e-5)
    assert things["zebra"] == 1
    assert things.origin("zebra") == "gamma 1.0"
    assert things.origin("a") == ""


def test_an_own_entry_wins_over_another_packages_of_its_name(install: Installer) -> None:
    install("delta", "one = 1", mine="delta_module:one")
    things = registry(mine="math:pi")
    assert things.added() == ()
    assert len(things) == 1
    assert things["mine"] != 1


def test_naming_what_there_is_imports_no_package(install: Installer) -> None:
    install("epsilon", "raise RuntimeError('imported')", broken="epsilon_module:one")
    things = registry()
    assert list(things) == ["broken"]
    assert "broken" in things


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("import nothing_like_this", "No module named 'nothing_like_this'"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("", "has no attribute 'one'"),
        ("one = (", "SyntaxError"),
    ],
)
def test_a_broken_entry_is_one_line_that_names_the_package_and_spoils_no_other(
    install: Installer, module: str, told: str
) -> None:
    name = f"zeta{len(module)}"
    install(name, module, version="2.1", broken=f"{name}_module:one")
    install(f"{name}_fine", "one = 1", fine=f"{name}_fine_module:one")
    things = registry(mine=0)
    with pytest.raises(InputError) as error:
        things["broken"]
    assert told in str(error.value)
    assert f"mend or uninstall {name} 2.1" in str(error.value)
    assert "\n" not in str(error.value)
    assert things.usable() == {"mine": 0, "fine": 1}
    assert list(things.broken()) == ["broken"]


def test_an_entry_that_is_not_what_it_has_to_be_is_told_by_the_check(install: Installer) -> None:
    install("eta", "one = 1", wrong="eta_module:one")
    things = Registry("toy.things", "thing", {}, lambda name, thing: f"is {thing}, not two")
    with pytest.raises(InputError, match=r"thing wrong: is 1, not two; mend or uninstall eta 1\.0"):
        things["wrong"]


def test_a_name_that_two_packages_add_is_told_with_both(install: Installer) -> None:
    install("theta", "one = 1", same="theta_module:one")
    install("iota", "one = 2", same="iota_module:one")
    with pytest.raises(InputError, match=r"is added by iota 1\.0 and theta 1\.0; uninstall all but one"):
        registry()["same"]


def test_a_name_is_registered_once() -> None:
    things = registry()
    things.register("one")(1)
    with pytest.raises(ValueError, match="there is a thing 'one' already"):
        things.register("one")(2)
