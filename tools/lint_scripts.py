"""Look in the scripts that people run for names that another role could take over: pgspot, for `make lint`."""

from __future__ import annotations

import re
import subprocess
import sys

import build_sql  # type: ignore[import-not-found]

# What pgspot cannot read, or passes over, in words that it understands; lines keep their numbers.
_READABLE = (
    # psql ends a statement with it. (Other commands of psql are comments to pgspot.)
    (re.compile(r"^\\gset.*", re.MULTILINE), ";"),
    # It takes the expression for a whole statement.
    (re.compile(r"\breturn next "), "perform "),
    # It does not look into the query.
    (re.compile(r"\breturn query\b"), ""),
    # Its parser does not know that a variable of a table's type has fields.
    (re.compile(r"^( +)_\w+\.\w+ := ", re.MULTILINE), r"\1perform "),
)
# What commits cannot have one: it names everything in full, and sets the search_path after each commit.
_WITHOUT_SEARCH_PATH = "s3vl.sync(IN binding_name text,IN max_seconds integer,INOUT synced bigint)"
_UPDATE = re.compile(r"upgrade-|s3vl--.*--")


def problems(name: str, script: str) -> str:
    """Return what pgspot says about a script; empty when it finds nothing."""
    # An update replaces the functions of a schema that is there; that it is ours was checked before.
    ignored = ["--ignore=PS002"] if _UPDATE.match(name) else []
    for pattern, words in _READABLE:
        script = pattern.sub(words, script)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pgspot", "--proc-without-search-path", _WITHOUT_SEARCH_PATH, *ignored],
        input=script,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        encoding="utf-8",
    )
    return done.stdout if done.returncode else ""


def main() -> int:
    """Check all that `make build` writes; the exit status says whether all is well."""
    scripts = build_sql.scripts(build_sql.SQL)
    said = {name: problems(name, script) for name, script in scripts.items()}
    for name, text in said.items():
        if text:
            print(f"build/sql/{name} (write it with make build):\n{text}", file=sys.stderr)
    if any(said.values()):
        return 1
    print(f"pgspot: nothing found in {len(said)} scripts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
