"""Where and of what something was measured."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import botocore
import psutil

from s3vl_local.cloud import ROOT

_CPU_INFO = Path("/proc/cpuinfo")


def description() -> dict[str, Any]:
    """Describe the machine, and how busy it was with other things when this was asked."""
    return {
        "platform": platform.platform(),
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "python": platform.python_version(),
        "boto3": botocore.__version__,
        "load": [round(load, 2) for load in os.getloadavg()],
    }


@functools.cache
def commit() -> str:
    """Name the commit that is checked out, and say when files differed from it when this was first asked.

    The benchmark itself changes files: its results.
    """
    return _git("describe", "--always", "--abbrev=40", "--exclude=*", "--dirty") or "unknown"


def _git(*arguments: str) -> str:
    # Not check=True: an unpacked archive of the tree has no history, and can be measured as well.
    done = subprocess.run(  # noqa: S603
        ["git", *arguments],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    return done.stdout.strip()


def _processor() -> str:
    """Name the processor; Python only knows its family on Linux."""
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
