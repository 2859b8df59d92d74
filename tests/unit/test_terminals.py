"""Every tool works where the terminal and the locale know ASCII only."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures_terminal import ASCII_TERMINAL

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("bench", "lambda", "local", "sample-data", "tools")
    for path in (ROOT / folder).rglob("*.py")
    if not {"build", "wheels", "__pycache__"} & set(path.relative_to(ROOT).parts)
)
# What they write goes into documents, rules and answers, not onto a terminal.
NOT_FOR_TERMINALS = {
    "lambda/s3vl_lambda/protocol/errors.py",
    "local/s3vl_local/s3vectors/constraints.py",
    "local/s3vl_local/s3vectors/text.py",
    "tools/sql_errors.py",
}
READ_AND_WRITE_TEXT = {"read_text", "write_text"}


def names(path: Path) -> str:
    """Return a source's path as it is written here."""
    return path.relative_to(ROOT).as_posix()


def test_no_text_depends_on_the_locale() -> None:
    """Whoever reads or writes text says in which encoding."""
    unsaid = [
        f"{names(path)}:{call.lineno}"
        for path in SOURCES
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _is_text(call)
        if "encoding" not in {keyword.arg for keyword in call.keywords}
    ]

    assert unsaid == []


def test_no_tool_writes_what_a_terminal_may_lack() -> None:
    """Outside of comments and docstrings there is ASCII only."""
    other = [
        f"{names(path)}:{text.lineno}"
        for path in SOURCES
        if names(path) not in NOT_FOR_TERMINALS
        for text in _texts(ast.parse(path.read_text(encoding="utf-8")))
        if not text.value.isascii()
    ]

    assert other == []


@pytest.mark.parametrize(
    "command",
    [
        ["tools/deploy.py", "--help"],
        ["tools/destroy.py", "--help"],
        ["tools/estimate_cost.py", "--help"],
        ["tools/lint_scripts.py"],
        ["-m", "s3vl_local", "--help"],
        ["-m", "s3vl_local.server", "--help"],
        ["-m", "bench", "--help"],
    ],
    ids=" ".join,
)
def test_a_tool_starts_on_any_terminal(command: list[str]) -> None:
    """It says what it has to say, and its exit status is no error."""
    environment = {**os.environ, **ASCII_TERMINAL, "PYTHONPATH": f"{ROOT / 'local'}:{ROOT / 'tools'}"}

    run = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, check=False
    )

    assert run.returncode == 0, run.stderr.decode(errors="replace")
    assert run.stdout.isascii()


@pytest.mark.parametrize(
    "given", ["", "ascii", "latin-1:strict", "utf-8", "ascii:backslashreplace", ":strict"]
)
def test_make_lets_everything_be_shown(given: str) -> None:
    """What the terminal's encoding lacks is an escape, for every tool, whatever a make around this one has set."""
    program = "import sys; print(chr(0x2026), sys.stdout.errors)"
    makefile = f"include Makefile\nshow:\n\t@{sys.executable} -c '{program}'\n"

    run = subprocess.run(
        ["make", "-s", "-f", "-", "show"],
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1", "PYTHONIOENCODING": given},
        input=makefile.encode(),
        capture_output=True,
        check=True,
    )

    encoding = given.partition(":")[0] or "utf-8"
    shown = "\u2026".encode(encoding, "backslashreplace")
    assert run.stdout == shown + b" backslashreplace\n"


def _texts(tree: ast.Module) -> list[ast.Constant]:
    """Return the texts of a program, without its docstrings."""
    nodes = list(ast.walk(tree))
    docstrings = [node.value for node in nodes if isinstance(node, ast.Expr)]
    return [
        node
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings
    ]


def _is_text(call: ast.Call) -> bool:
    """Tell whether a call reads or writes text: a file, or what another program says."""
    name = getattr(call.func, "attr", getattr(call.func, "id", None))
    modes = [
        argument.value
        for argument in (*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode"))
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    if name == "open" and isinstance(call.func, ast.Name):
        # Whoever is told the mode is told bytes or text with it.
        is_told = len(call.args) > 1 and not isinstance(call.args[1], ast.Constant)
        return not is_told and not any("b" in mode for mode in modes)
    return name in READ_AND_WRITE_TEXT or any(keyword.arg == "text" for keyword in call.keywords)
