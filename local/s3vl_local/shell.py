"""What `make env` and `make env-off` print, for a shell to evaluate: bash, zsh, or any other of POSIX.

What the shell had before is kept in the shell itself, so that nothing is lost when the cloud is gone.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

from s3vl_local.surroundings import BEFORE, foreign

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = "(s3vl local) "
# A variable of the shell; a program can be given others, with spaces and semicolons in them.
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
# A shell that runs a script has no prompt, and one that has the mark needs no other.
_ADD_MARK = f"""case "$-" in
*i*) case "${{PS1-}}" in *'{MARK}'*) ;; *) PS1='{MARK}'"${{PS1-}}" ;; esac ;;
esac"""
# Whatever has come before the mark meanwhile, such as the mark of a virtual environment, stays.
_REMOVE_MARK = f"""case "${{PS1-}}" in
*'{MARK}'*) PS1="${{PS1%%'{MARK}'*}}${{PS1#*'{MARK}'}}" ;;
esac"""


def point_at(cloud: Mapping[str, str], shell: Mapping[str, str]) -> str:
    """Return the commands that make a shell with these variables talk to a cloud, and remember what it had."""
    # A profile or an endpoint of the reader's own must not send these commands to a real account.
    # What has another form no shell has given, and none can take back.
    others = [name for name in foreign(shell) if name not in cloud and _NAME.fullmatch(name)]
    before = {name: shell.get(name) for name in [*cloud, *others]} | _before(shell)
    lines = [f"unset {' '.join(others)}"] if others else []
    lines += [f"export {name}={shlex.quote(value)}" for name, value in cloud.items()]
    return "\n".join([*lines, f"export {BEFORE}={shlex.quote(json.dumps(before))}", _ADD_MARK])


def point_back(shell: Mapping[str, str]) -> str:
    """Return the commands that give a shell back what it had before all that `point_at` has done to it."""
    before = _before(shell)
    gone = [name for name, value in before.items() if value is None]
    lines = [f"export {name}={shlex.quote(value)}" for name, value in before.items() if value is not None]
    return "\n".join([*lines, f"unset {' '.join([*gone, BEFORE])}", _REMOVE_MARK])


def _before(shell: Mapping[str, str]) -> dict[str, str | None]:
    """Return what a shell had before it was pointed at a cloud for the first time; nothing if it never was."""
    before: dict[str, str | None] = json.loads(shell.get(BEFORE, "{}"))
    return before
