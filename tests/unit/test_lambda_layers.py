"""Imports of the Lambda point one way."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from s3vl_lambda import VERSION

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "lambda" / "s3vl_lambda"
FLOORS = (
    ("handler",),
    ("operations", "observability"),
    ("services",),
    ("protocol",),
    ("__init__", "settings", "allocator"),
)
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def imports_of(module: str) -> set[str]:
    """List the full names that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imports_any(module: str, *prefixes: str) -> set[str]:
    """List the imports of a module that begin with one of the prefixes."""
    return {name for name in imports_of(module) if name.startswith(prefixes)}


@pytest.mark.parametrize("module", MODULES)
def test_only_the_gateway_knows_the_sdk(module: str) -> None:
    """There is one door to AWS, to fake, time and log at."""
    assert bool(imports_any(module, "boto")) == (module == "services/s3_vectors.py")


@pytest.mark.parametrize("module", MODULES)
def test_only_the_services_know_http(module: str) -> None:
    """What comes over a connection is judged in one place, before anything else sees it."""
    known = {"services/connections.py", "services/s3_vectors.py"}
    assert bool(imports_any(module, "urllib3", "http.client")) == (module in known)


@pytest.mark.parametrize("module", MODULES)
def test_only_observability_knows_powertools(module: str) -> None:
    """Logging and metrics have one place too; a type of Lambda's is no use of it."""
    used = imports_any(module, "aws_lambda_powertools") - {
        "aws_lambda_powertools.utilities.typing.LambdaContext"
    }

    assert bool(used) == (module == "observability.py")


def floor_of(module: str) -> int:
    """Give the number of a module's floor, 0 for the handler's; the module is a path or a name in the package."""
    room = module.removesuffix(".py").replace("/", ".").split(".")[0]
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    """A module uses its own floor and those below it, and none above, not even for its types."""
    used = {name.removeprefix("s3vl_lambda.") for name in imports_any(module, "s3vl_lambda.")} - {"VERSION"}

    assert {name for name in used if floor_of(name) < floor_of(module)} == set()


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("operations/")])
def test_an_operation_is_used_by_no_other(module: str) -> None:
    """What operations share is in the modules that begin with _, so that each of them can be read alone."""
    shared = "s3vl_lambda.operations._"
    others = {name for name in imports_any(module, "s3vl_lambda.operations.") if not name.startswith(shared)}

    assert bool(others) == (module == "operations/__init__.py")


@pytest.mark.parametrize("module", MODULES)
def test_nothing_imports_the_local_cloud(module: str) -> None:
    """What runs on AWS does not know what stands in for AWS."""
    assert not imports_any(module, "s3vl_local", "moto")


def test_the_version_is_that_of_the_extension() -> None:
    """The function and the SQL that it is released with have one version."""
    control = (ROOT / "sql" / "s3vl.control").read_text()

    assert f"default_version = '{VERSION}'" in control


def pins(path: Path) -> dict[str, str]:
    """Read the exact versions that a requirements file names."""
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", path.read_text(), re.MULTILINE))


def test_the_zip_gets_the_versions_that_the_tests_run_with() -> None:
    """Every requirement of the zip is pinned like in constraints.txt."""
    required = pins(ROOT / "lambda" / "requirements.txt")

    assert required.items() <= pins(ROOT / "constraints.txt").items()


def test_the_zip_gets_what_the_project_says_the_lambda_imports() -> None:
    """The dependency group and the pinned list agree."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]

    assert {name.split(">=")[0] for name in groups["lambda"]} <= pins(
        ROOT / "lambda" / "requirements.txt"
    ).keys()
