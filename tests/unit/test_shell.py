"""`eval "$(make -s env)"` and back, in every shell that is here."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from s3vl_local.shell import MARK, point_at, point_back
from s3vl_local.surroundings import left

CLOUD = {
    "PGHOST": "127.0.0.1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "PSQL_PAGER": "",
    "PATH": "/it's here",
}
MINE = {"PGHOST": "my host", "AWS_PROFILE": 'mine $HOME `x` "it\'s"', "PATH": os.environ["PATH"]}
SHELLS = [shell for shell in ("bash", "dash", "zsh") if shutil.which(shell)]


def evaluated(commands: str, environment: dict[str, str]) -> dict[str, str]:
    """Return the variables that a program sees after a shell has evaluated commands."""
    script = f"{commands}\n{shutil.which('env')} -0"
    done = subprocess.run(["/bin/sh", "-ec", script], env=environment, capture_output=True, check=True)
    pairs = (line.partition("=") for line in done.stdout.decode().split("\0") if line)
    return {name: value for name, _, value in pairs if name not in ("_", "PWD", "OLDPWD", "SHLVL")}


def test_the_way_back_restores_what_was_there() -> None:
    """What was set is set again, what was not is gone, after `env` was evaluated twice with a profile set between."""
    once = evaluated(point_at(CLOUD, MINE), MINE)
    assert once.items() >= CLOUD.items()
    assert "AWS_PROFILE" not in once

    between = once | {"PGSERVICE": "other", "PGHOST": "elsewhere"}
    twice = evaluated(point_at(CLOUD, between), between)
    assert twice.items() >= CLOUD.items()
    assert "PGSERVICE" not in twice

    assert evaluated(point_back(twice), twice) == MINE | {"PGSERVICE": "other"}


def test_the_way_back_of_a_shell_that_went_nowhere_changes_nothing() -> None:
    """It may be evaluated at any time."""
    assert evaluated(point_back(MINE), MINE) == MINE


def test_names_that_no_shell_gives_are_left_alone() -> None:
    """A program can be given a variable of any name; one with a command in it does not run."""
    strange = {"AWS_some.thing": "1", "PGX; exit 3": "2", "AWS_$(exit 3)": "3", "PGX\nexit 3": "4"}

    there = evaluated(point_at(CLOUD, MINE | strange), MINE)
    assert there.items() >= CLOUD.items()
    assert evaluated(point_back(there), there) == MINE


def test_what_a_shell_had_is_for_no_program() -> None:
    """The local cloud and its functions do not get the credentials that `make env` has kept."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in evaluated(point_at(CLOUD, MINE), MINE).items():
            patch.setenv(name, value)
        assert not [name for name, value in left().items() if MINE["AWS_PROFILE"] in value or "mine" in value]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_prompt_shows_which_cloud_it_is(shell: str) -> None:
    """The mark stands in an interactive shell's prompt once, and only as long; what came before it stays."""
    there, back = point_at(CLOUD, {}), point_back({})
    script = f"""
PS1='$ '
show() {{ printf '[%s]\\n' "$PS1"; }}
{there}
show
PS1="(.venv) $PS1"
{there}
show
{back}
show
{back}
show
"""
    lines = {}
    for option in ("-i", "-s"):
        # Without its own start files, and told what to do by a pipe: a terminal is not needed to be interactive.
        files = {"bash": ["--norc"], "zsh": ["-f"]}.get(shell, [])
        command = [str(shutil.which(shell)), *files, option]
        done = subprocess.run(command, input=script, text=True, capture_output=True, check=False)
        lines[option] = [line for line in done.stdout.splitlines() if line.startswith("[")]

    assert lines["-i"] == [f"[{MARK}$ ]", f"[(.venv) {MARK}$ ]", "[(.venv) $ ]", "[(.venv) $ ]"]
    assert lines["-s"] == ["[$ ]", "[(.venv) $ ]", "[(.venv) $ ]", "[(.venv) $ ]"]
