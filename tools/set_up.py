"""Fill a virtual environment with groups of pyproject.toml: `make` runs this, by a Python that may have nothing else.

uv installs, in parallel; where it cannot, because only pip is configured for this network, pip does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import package_index  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "local"))
from s3vl_local.progress import waiting_for  # noqa: E402 - needs the line above, and no package

# What uv calls what pip is told by these variables.
_FOR_UV = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_CERT": "SSL_CERT_FILE"}


def main() -> int:
    """Install the groups; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the virtual environment, made when it is not there")
    parser.add_argument("groups", nargs="+", help="dependency groups of pyproject.toml")
    parser.add_argument("--no-dependencies", action="store_true", help="install what they name, and no more")
    options = parser.parse_args()
    try:
        return _install(options.folder, options.groups, ["--no-deps"] if options.no_dependencies else [])
    except KeyboardInterrupt:
        print("\nInterrupted. The next make goes on from here.", file=sys.stderr)
        return 130


def _install(folder: Path, groups: list[str], flags: list[str]) -> int:
    """Make the environment if need be and fill it; say what could not be reached."""
    if not (folder / "bin" / "pip").exists():
        with waiting_for("Python to make a virtual environment"):
            # Its own words, to a person: some systems have venv in a package of its own, and it says in which.
            made = subprocess.run([sys.executable, "-m", "venv", folder], stdout=sys.stderr, check=False)  # noqa: S603
        if made.returncode:
            return made.returncode
    with waiting_for(f"packages from {package_index.address()}"):
        failed = _download(folder, groups, flags)
    if failed:
        print(f"\nThe packages could not be downloaded.\n{package_index.why_not(failed)}", file=sys.stderr)
        return 1
    return 0


def _download(folder: Path, groups: list[str], flags: list[str]) -> str:
    """Download and install; return what went wrong, or nothing."""
    python, constraints = str(folder / "bin" / "python"), ["--constraint", str(ROOT / "constraints.txt")]
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    uv = [str(folder / "bin" / "uv"), "--quiet", "pip", "install", "--python", python]
    bootstrap = _run([*pip, *constraints, *_requirements("bootstrap")])
    if bootstrap.returncode:
        return bootstrap.stderr
    wanted = [*flags, *constraints, *dict.fromkeys(one for group in groups for one in _requirements(group))]
    if _run([*uv, *wanted], _for_uv()).returncode == 0:
        return ""
    installed = _run([*pip, *wanted])
    return installed.stderr if installed.returncode else ""


def _requirements(group: str) -> Iterator[str]:
    """Return what a group names, and what the groups name that it includes."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    for entry in groups[group]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from _requirements(entry["include-group"])


def _for_uv() -> dict[str, str]:
    """Let uv trust what the system and pip trust, look where pip looks, and keep nothing where nothing can be kept."""
    environment = {**os.environ, "UV_SYSTEM_CERTS": "1"}
    for theirs, ours in _FOR_UV.items():
        if theirs in environment:
            environment.setdefault(ours, environment[theirs])
    cache = Path(
        environment.get("UV_CACHE_DIR") or Path(environment.get("XDG_CACHE_HOME") or "~/.cache") / "uv"
    )
    try:
        cache.expanduser().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache.expanduser()):
            pass
    except (OSError, RuntimeError):
        environment["UV_NO_CACHE"] = "1"
    return environment


def _run(command: list[str], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program without a word, and return what it wrote."""
    return subprocess.run(  # noqa: S603 - our own words
        command, env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False
    )


if __name__ == "__main__":
    sys.exit(main())
