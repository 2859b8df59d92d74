"""Check every plpgsql function of an installed s3vl with the extension plpgsql_check, for `make lint`.

Only Debian packages it, for its own PostgreSQL; on a machine without the package the check is left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from s3vl_local import postgres_versions

INSTALL = Path(__file__).resolve().parent.parent / "sql" / "install.sql"
EXTENSION = "plpgsql_check"
PACKAGE = f"postgresql-{postgres_versions.DEBIAN}-plpgsql-check"


class Finding(NamedTuple):
    """What plpgsql_check says about a function."""

    function: str
    problem: str
    where: str


# Findings that stay, by function and problem, with the reason.
ACCEPTED = {
    (
        "s3vl._change_rights(text)",
        "text type variable is not sanitized: _change_rights.statement",
    ): "its callers make statements of format() with %I, and of lists that regprocedure has quoted",
    (
        "s3vl._open_index(s3vl.caller,name,text,text)",
        'composite OUT variable "index" is not single argument',
    ): "it returns an index and a restriction, and neither is to be had without the other",
    ("s3vl._commit_alone(text)", "cannot commit while a subtransaction is active"): (
        "that is what it tries, to see whether it is inside of a transaction"
    ),
    **{
        (f"s3vl.{function}", f"text type variable is not sanitized: {variable}"): (
            "a query of the caller, run as the caller; s3vl._candidate_type() says what may follow"
        )
        for function, variable in (
            ("_candidate_type(text,jsonb)", "_statement"),
            ("_estimated_candidates(text,jsonb)", "_statement"),
            ("_candidate_keys(text,jsonb,text,integer)", "_some"),
            ("_candidate_keys(text,jsonb,text,integer)", "_all"),
            ("_passing(text,jsonb,text,text[])", "_statement"),
        )
    },
    ("s3vl.rows_to_embed(text,integer)", "text type variable is not sanitized: _feed.query"): (
        "made by format() with %I, of columns and types"
    ),
    ("s3vl.move_to_cold(text,text,integer,bigint)", "text type variable is not sanitized: _steps.page"): (
        "made by format() with %I, of columns, types and a condition of the caller, run as the caller"
    ),
    ("s3vl.move_to_cold(text,text,integer,bigint)", "text type variable is not sanitized: _steps.lock"): (
        "as the page"
    ),
    ("s3vl.move_to_cold(text,text,integer,bigint)", "text type variable is not sanitized: _steps.claim"): (
        "as the page"
    ),
    ("s3vl.move_to_cold(text,text,integer,bigint)", "text type variable is not sanitized: _steps.move"): (
        "as the page"
    ),
    (
        (
            "s3vl.query_hybrid_local(double precision[],tsquery,regclass,name,name,text,text,integer,"
            "double precision,text,text,jsonb,text)"
        ),
        "text type variable is not sanitized: _search",
    ): ("made by format() with %I, of columns, types and a query of the caller, run as the caller"),
    (
        "s3vl.query_tiered(double precision[],regclass,name,text,integer,text,jsonb,text)",
        "text type variable is not sanitized: _search",
    ): ("made by format() with %I, of columns, types and a query of the caller, run as the caller"),
    (
        "s3vl._next_keys(s3vl.binding,s3vl.index_registry,text,integer)",
        "text type variable is not sanitized: s3vl._page_query(_next_keys.binding, _next_keys.after)",
    ): "made by format() with %I, of columns and types",
}

# A trigger function can only be checked with a table. A function without a result is called for what it raises.
# Where it is volatile that happens when its turn comes,
# and not when the call is planned.
_CHECK = """
select
    p.oid::regprocedure::text,
    concat_ws(': ', c.message, c.query),
    concat_ws('; ', 'line ' || c.lineno, c.detail, c.context, c.hint)
from pg_proc as p
cross join lateral plpgsql_check_function_tb(p.oid, all_warnings => true) as c
where p.pronamespace = 's3vl'::regnamespace
    and p.prolang = (select l.oid from pg_language as l where l.lanname = 'plpgsql')
    and p.prorettype <> 'trigger'::regtype
    -- What it cannot know of dynamic SQL is no finding.
    and concat_ws(' ', c.detail, c.context, c.hint) !~ 'cannot to determine (volatility|result) of'
    and not (p.prorettype = 'void'::regtype and c.message like 'routine is marked as VOLATILE, %')
order by 1, c.lineno
"""


def missing() -> str:
    """Return what this machine lacks for the check, and how to get it; empty when it lacks nothing."""
    try:
        server = postgres_versions.find(postgres_versions.DEBIAN)
    except postgres_versions.PostgresMissingError as error:
        return str(error)
    if server.offers(EXTENSION):
        return ""
    return f"the package is missing: apt install {PACKAGE}, and delete the copy {server.programs.parents[3]}"


def findings() -> list[Finding]:
    """Install s3vl on a server of its own, and return what the extension says about it."""
    # The server is chosen when the module is loaded.
    os.environ["S3VL_POSTGRES"] = postgres_versions.DEBIAN
    from s3vl_local import postgres  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        # The server may run as an account of its own.
        Path(folder).chmod(0o711)
        server = postgres.start(Path(folder) / "data")
        try:
            install = [str(postgres.BIN / "psql"), "--no-psqlrc", "--file", str(INSTALL), server.url()]
            subprocess.run(install, stdout=subprocess.DEVNULL, check=True)  # noqa: S603
            with server.connect(postgres.SUPERUSER) as connection:
                connection.execute("create extension plpgsql_check")
                return [Finding(*row) for row in connection.execute(_CHECK)]
        finally:
            server.stop()


def problems(found: list[Finding]) -> list[str]:
    """Return a line for each finding that is not accepted, and for what is accepted and no longer found."""
    unexpected = [finding for finding in found if (finding.function, finding.problem) not in ACCEPTED]
    seen = {(finding.function, finding.problem) for finding in found}
    return [f"{function}: {problem} ({where})" for function, problem, where in unexpected] + [
        f"{function}: {problem}: no longer found; remove it from ACCEPTED in tools/lint_functions.py"
        for function, problem in ACCEPTED
        if (function, problem) not in seen
    ]


def main() -> int:
    """Check all functions; the exit status says whether all is well."""
    if lacking := missing():
        print(f"plpgsql_check: left out ({lacking})")
        return 0
    lines = problems(findings())
    print("\n".join(lines) or "plpgsql_check: nothing found", file=sys.stderr if lines else sys.stdout)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
