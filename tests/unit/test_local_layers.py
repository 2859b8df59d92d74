"""Imports of the local cloud point one way."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "local"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "s3vl_local").rglob("*.py")
}


def imports_of(module: str) -> set[str]:
    """List the modules of the local cloud that a module imports: at its top, in a function, or for its types."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            names |= {source} | {f"{source}.{alias.name}" for alias in node.names}
    # `from package import module` names the package too, and a module in it needs no more of the package than that.
    around = {name for name in names if f"{module}.".startswith(f"{name}.")}
    return (names & MODULES.keys()) - around


def test_no_module_imports_itself_in_a_circle() -> None:
    """What a module imports does not import it, by any way round, not even for its types or in a function."""
    imports = {module: imports_of(module) for module in MODULES}

    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_relative_and_late_imports_are_seen() -> None:
    """The test above reads all three kinds of imports, so that none hides a circle."""
    assert "s3vl_local.cloudformation.types.ec2" in imports_of("s3vl_local.cloudformation.types")
    assert "s3vl_local.s3vectors.index" in imports_of("s3vl_local.s3vectors.queries")
    assert "s3vl_local.services" in imports_of("s3vl_local.server")
