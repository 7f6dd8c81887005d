"""The arrows that import-linter cannot draw: what the plugin, the tree and a start-up may load."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FILES = sorted(path for package in ("bridge", "console") for path in (ROOT / package).rglob("*.py"))
CONTRACTS = {contract["id"]: contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"]}
PURE = set(CONTRACTS["pure"]["source_modules"])


def module_name(path: Path) -> str:
    """Spell a file's module: bridge/modules/test.py is bridge.modules.test."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_when_loaded(tree: ast.Module) -> set[str]:
    """Return the modules that a file imports when it is loaded; not those of functions, nor of type checking."""
    found: set[str] = set()
    bodies: list[ast.stmt] = list(tree.body)
    while bodies:
        node = bodies.pop()
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            bodies.extend(node.orelse)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            bodies.extend(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt))
    return found


@pytest.mark.parametrize("path", FILES, ids=module_name)
class TestEveryFile:
    def test_has_a_docstring_that_tells_whether_it_is_pure(self, path: Path) -> None:
        """A file calls itself pure in its docstring exactly when the import contract holds it to that."""
        docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
        assert docstring, f"{path} needs a docstring that says what it is for"
        calls_itself_pure = docstring.lower().startswith("pure") or "\nPure" in docstring or " Pure." in docstring
        assert calls_itself_pure == (module_name(path) in PURE), (
            'either its docstring lacks "Pure." or pyproject.toml, [[tool.importlinter.contracts]] "pure", lacks it'
        )

    def test_installs_no_reactor_when_it_is_imported(self, path: Path) -> None:
        """Importing the reactor installs one, and ``twistd --reactor`` comes too late."""
        loaded = imports_when_loaded(ast.parse(path.read_text()))
        assert not {"twisted.internet.reactor"} & loaded

    def test_a_pure_file_imports_only_pure_files(self, path: Path) -> None:
        """Within our own packages the arrows of a pure file lead to pure files."""
        if module_name(path) not in PURE:
            return
        loaded = imports_when_loaded(ast.parse(path.read_text()))
        ours = {name for name in loaded if name.startswith(("bridge.", "console."))}
        assert {name for name in ours if name not in PURE and name.rpartition(".")[0] not in PURE} == set()


def test_the_plugin_imports_service_maker_and_nothing_else() -> None:
    """The plugin is imported for every command that twistd runs, before it has chosen a reactor."""
    tree = ast.parse((ROOT / "twisted" / "plugins" / "cpanbridge_plugin.py").read_text())
    assert imports_when_loaded(tree) == {"twisted.application.service.ServiceMaker"}
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.Lambda))]


@pytest.mark.parametrize("folder", ["twisted", "tests"])
def test_no_package_shadows_another(folder: str) -> None:
    """An ``__init__.py`` under twisted/ hides the plugin or Twisted itself; under tests/ it hides what is tested."""
    assert list((ROOT / folder).rglob("__init__.py")) == []


def test_what_the_console_may_import_of_the_daemon_is_decided_for_every_file() -> None:
    """A new file of the daemon is out of the console's reach until somebody says otherwise."""
    shared = {"adminwire", "admission", "errors", "histogram", "limits", "stats", "text", "window", "wire", "__init__"}
    shared |= {"storable"}  # a form of answers, which wire spells
    forbidden = set(CONTRACTS["console"]["forbidden_modules"])
    files = {path.stem for path in (ROOT / "bridge").glob("*.py")} | {"commands", "modules"}
    assert {f"bridge.{name}" for name in files - shared} == {name for name in forbidden if name.startswith("bridge.")}


@pytest.mark.parametrize("path", sorted((ROOT / "bridge" / "modules").glob("*.py")), ids=module_name)
def test_a_bridge_module_knows_the_api_and_private_siblings(path: Path) -> None:
    """What is in the tree has nothing that other people's modules cannot have."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    ours = {name for name in names if name.split(".")[0] in {"bridge", "console"}}
    assert {name for name in ours if not name.startswith(("bridge.api.", "bridge.modules._"))} == set()


def loaded_by(statement: str) -> set[str]:
    """Run a statement in a fresh interpreter and return the top-level names and modules that it has loaded."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


@pytest.mark.parametrize("module", sorted(PURE))
def test_a_pure_file_loads_no_framework(module: str) -> None:
    """Seen from the outside: after its import, neither Twisted nor psutil is there."""
    assert loaded_by(f"import {module}") & {"twisted", "psutil", "textual"} == set()


def test_the_command_starts_light() -> None:
    """``cpanbridge`` is typed by people and called by scripts: it loads neither Twisted nor the wire's libraries."""
    assert loaded_by("import bridge.cli") & {"twisted", "psutil", "textual", "console", "msgspec", "attrs"} == set()


def test_reading_the_daemon_s_options_installs_no_reactor() -> None:
    """``twistd --reactor=asyncio cpanbridge`` works because nothing chose a reactor before."""
    assert "twisted.internet.reactor" not in loaded_by("import bridge.tap, bridge.service")


def test_all_is_the_union_of_the_extras() -> None:
    """``cpanbridge[all]`` brings everything that any extra brings."""
    extras = dict(PYPROJECT["project"]["optional-dependencies"])
    together = extras.pop("all")
    assert sorted(together) == sorted({requirement for extra in extras.values() for requirement in extra})
