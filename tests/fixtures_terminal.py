"""A terminal that knows no more than ASCII, in a session whose files are ASCII too unless a program says otherwise."""

from __future__ import annotations

ASCII_TERMINAL = {
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "ascii",
    "PYTHONUTF8": "0",
}
