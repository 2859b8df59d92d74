"""What docs/sql-reference.md says about each function and type: read from an installed schema.

Headings and their order are those of sql/manifest.sql, examples those of sql_examples*.md; everything else is in
the database.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.rows import class_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

SQL = Path(__file__).resolve().parent.parent / "sql"
TOOLS = Path(__file__).resolve().parent
EXAMPLES = (TOOLS / "sql_examples.md", TOOLS / "sql_examples_pgvector.md")
WIDEST_SIGNATURE = 90

FUNCTIONS = """
    select p.proname as name, obj_description(p.oid, 'pg_proc') as comment, l.access_level,
        case p.provolatile when 'i' then 'Immutable' when 's' then 'Stable' else 'Volatile' end as volatility,
        format_type(p.prorettype, null) as result, p.prokind = 'p' as is_procedure
    from pg_proc as p
    join s3vl._access_levels() as l on l.function_name = p.proname
    where p.pronamespace = 's3vl'::regnamespace
"""

# Parameters and the columns that are returned; one of mode b is both.
ARGUMENTS = """
    select p.proname as function, a.name, format_type(a.type, null) as type,
        coalesce(a.mode, 'i') in ('i', 'b') as is_parameter,
        coalesce(a.mode, 'i') in ('t', 'o', 'b') as is_column,
        regexp_replace(
            regexp_replace(
                pg_get_function_arg_default(p.oid, a.position::integer), '^NULL::.*', 'null'
            ),
            '::text$',
            ''
        ) as default
    from pg_proc as p
    cross join lateral
        unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes)
        with ordinality as a (name, type, mode, position)
    where p.pronamespace = 's3vl'::regnamespace
    order by p.oid, a.position
"""

ATTRIBUTES = """
    select c.relname as type_name, obj_description(c.reltype, 'pg_type') as comment,
        a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
        col_description(c.oid, a.attnum) as meaning
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid
    where c.relnamespace = 's3vl'::regnamespace and c.relkind = 'c'
    order by c.relname, a.attnum
"""


class Function(NamedTuple):
    """A public function."""

    name: str
    comment: str
    access_level: str
    volatility: str
    result: str
    is_procedure: bool


class Argument(NamedTuple):
    """A parameter of a function, a column that it returns, or both."""

    function: str
    name: str
    type: str
    is_parameter: bool
    is_column: bool
    default: str | None


class Attribute(NamedTuple):
    """A part of a composite type."""

    type_name: str
    comment: str
    name: str
    type: str
    meaning: str


def functions(database: psycopg.Connection[Any]) -> str:
    """Return the public functions, under the headings of the manifest."""
    with database.cursor(row_factory=class_row(Function)) as cursor:
        by_name = {function.name: function for function in cursor.execute(FUNCTIONS)}
    with database.cursor(row_factory=class_row(Argument)) as cursor:
        arguments = cursor.execute(ARGUMENTS).fetchall()
    examples = _examples()
    parts = []
    for heading, names in _table_of_contents():
        parts.append(f"## {heading}")
        for name in names:
            if name not in examples:
                raise ValueError(
                    f"{name} has no example: write one under '### {name}' in tools/sql_examples.md, then type: "
                    "make guide docs"
                )
            of_it = [argument for argument in arguments if argument.function == name]
            parts += [_described(by_name[name], of_it), "Example:", examples[name]]
    return "\n\n".join(parts)


def types(database: psycopg.Connection[Any]) -> str:
    """Return the public types, with what their parts mean."""
    with database.cursor(row_factory=class_row(Attribute)) as cursor:
        attributes = cursor.execute(ATTRIBUTES).fetchall()
    parts = []
    for name, comment in dict.fromkeys((a.type_name, a.comment) for a in attributes):
        rows = [(f"`{a.name}`", a.type, a.meaning) for a in attributes if a.type_name == name]
        parts += [f"### {name}", comment, _table(("attribute", "type", "meaning"), rows)]
    return "\n\n".join(parts)


def _table_of_contents() -> list[tuple[str, list[str]]]:
    """Return the headings of public files in the manifest, and the public functions under each."""
    manifest = (SQL / "manifest.sql").read_text(encoding="utf-8")
    contents = []
    for heading, files in re.findall(r"^-- Public: (.+)\n((?:\\ir .+\n)+)", manifest, re.MULTILINE):
        source = "".join((SQL / name).read_text(encoding="utf-8") for name in re.findall(r"\\ir (.+)", files))
        names = re.findall(
            r"^create or replace (?:function|procedure) s3vl\.([a-z]\w*)\(", source, re.MULTILINE
        )
        contents.append((heading[0].upper() + heading[1:], names))
    return contents


def _examples() -> dict[str, str]:
    """Return each function's example with what it prints."""
    pages = "".join(path.read_text(encoding="utf-8") for path in EXAMPLES)
    return {name: text.strip() for name, text in re.findall(r"(?ms)^### (\w+)\n(.*?)(?=^##)", pages)}


def _described(function: Function, arguments: list[Argument]) -> str:
    parameters = [argument for argument in arguments if argument.is_parameter]
    columns = [argument for argument in arguments if argument.is_column]
    parts = [
        f"### {function.name}",
        f"```sql\n{'call ' if function.is_procedure else ''}{_signature(function.name, parameters)}\n```",
        function.comment,
    ]
    if parameters:
        rows = [(f"`{p.name}`", p.type, "required" if p.default is None else p.default) for p in parameters]
        parts.append(_table(("parameter", "type", "default"), rows))
    if function.is_procedure:
        returned = parameters[-1].name
        parts.append(f"A procedure, which returns one row of `{returned}`; access: {function.access_level}.")
        return "\n\n".join(parts)
    if columns:
        parts.append(_table(("column returned", "type"), [(f"`{c.name}`", c.type) for c in columns]))
    else:
        parts.append("Returns nothing." if function.result == "void" else f"Returns {function.result}.")
    parts.append(f"{function.volatility}; access: {function.access_level}.")
    return "\n\n".join(parts)


def _signature(name: str, parameters: list[Argument]) -> str:
    """Return the function with its parameters: on one line, or one on each when that is long."""
    declared = [
        f"{p.name} {p.type}" + ("" if p.default is None else f" default {p.default}") for p in parameters
    ]
    line = f"s3vl.{name}({', '.join(declared)})"
    if len(line) <= WIDEST_SIGNATURE:
        return line
    return f"s3vl.{name}(\n    " + ",\n    ".join(declared) + "\n)"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows))
