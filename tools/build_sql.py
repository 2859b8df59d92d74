"""Build build/sql/: every form in which people install s3vl X, or upgrade it from release W before it.

s3vl-X.sql         one psql script, for those who have no checkout
s3vl--X.sql        the extension, put in place by `make -C sql install`
s3vl-X.pgtle.sql   registers the extension with pg_tle, which is how Aurora takes one
upgrade-W-X.sql    upgrades what psql has installed
s3vl--W--X.sql     updates the extension
s3vl-W.sql         psql script of a release, for those who go back to it
s3vl-X.plain.sql and upgrade-W-X.plain.sql do the same without psql, for clients that know SQL and nothing else

The others hold the files of sql/manifest.sql. sql/releases/ keeps the extension's scripts as they were released:
PostgreSQL chains its updates, and people run one upgrade script after the other.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SQL = ROOT / "sql"
TARGET = ROOT / "build" / "sql"

# A file without it has state, which an upgrade keeps and its step changes.
_CREATES_FUNCTIONS = "\ncreate or replace "
# The extension as a psql script is the same without these lines, which are nothing outside of create extension.
_ONLY_IN_EXTENSIONS = re.compile(
    r"^(\\echo .* \\quit|select pg_catalog\.pg_extension_config_dump\(.*\);)\n", re.MULTILINE
)
_SEARCH_PATH = "set local search_path = pg_catalog, pg_temp;\n"
_UPDATE_HEAD = (
    "-- Updates the extension s3vl.\n"
    '\\echo Use "alter extension s3vl update" to load this file. \\quit\n'
    f"{_SEARCH_PATH}"
)
# What every upgrade does, besides its step.
_BEFORE_A_STEP = ("as_owner", "alone", "known_functions", "leave_functions")
_AFTER_A_STEP = ("privileges", "pgvector", "as_before")
# Ours, and those in which pg_tle itself wraps a script.
_DOLLAR_TAG = "$s3vl_script$"
_FORBIDDEN_TAGS = (_DOLLAR_TAG, "$_pgtle_o_$", "$_pgtle_i_$")


def build(sql: Path, target: Path) -> None:
    """Write all scripts that the folder `sql` makes into `target`; what was in there is gone."""
    texts = scripts(sql) | released_scripts(sql)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name, text in texts.items():
        (target / name).write_text(text, encoding="utf-8")


def scripts(sql: Path) -> dict[str, str]:
    """Return all scripts of this version by the names of their files."""
    version = control(sql)["default_version"]
    [step] = (sql / "upgrades").glob(f"*--{version}.sql")
    before = step.stem.partition("--")[0]
    extension, update = extension_script(sql), update_script(sql, step)
    return {
        f"s3vl-{version}.sql": psql_script(sql, extension),
        f"s3vl--{version}.sql": extension,
        f"s3vl-{version}.pgtle.sql": pgtle_script(sql, before, extension, update),
        f"upgrade-{before}-{version}.sql": psql_upgrade_script(sql, before, update),
        f"s3vl-{version}.plain.sql": plain_script(sql, version, extension),
        f"upgrade-{before}-{version}.plain.sql": plain_upgrade_script(sql, before, update),
        f"s3vl--{before}--{version}.sql": update,
    }


def released_scripts(sql: Path) -> dict[str, str]:
    """Return for each release the script with which psql installs it."""
    released = re.compile(r"s3vl--([0-9.]+)\.sql")
    return {
        f"s3vl-{name[1]}.sql": psql_script(sql, path.read_text(encoding="utf-8"))
        for path in sorted((sql / "releases").iterdir())
        if (name := released.fullmatch(path.name))
    }


def parts(sql: Path) -> list[str]:
    """Return the files of the manifest, in its order."""
    return re.findall(r"^\\ir (.+)$", (sql / "manifest.sql").read_text(encoding="utf-8"), re.MULTILINE)


def control(sql: Path) -> dict[str, str]:
    """Return what is in quotes in the control file."""
    return dict(
        re.findall(r"^(\w+) = '(.*)'$", (sql / "s3vl.control").read_text(encoding="utf-8"), re.MULTILINE)
    )


def extension_script(sql: Path) -> str:
    """Return the script that creates the extension.

    Plain `create`: nothing that somebody has planted before is taken over.
    """
    return _flat(sql / "extension.sql").replace("\ncreate or replace ", "\ncreate ")


def update_script(sql: Path, step: Path) -> str:
    """Return the script that updates the extension: the step for what has state, and every function anew."""
    functions = "".join(
        f"\\ir {part}\n"
        for part in parts(sql)
        if _CREATES_FUNCTIONS in (sql / part).read_text(encoding="utf-8")
    )
    before, after = (
        [(sql / "upgrades" / f"{name}.sql").read_text(encoding="utf-8") for name in names]
        for names in (_BEFORE_A_STEP, _AFTER_A_STEP)
    )
    return "\n".join((_UPDATE_HEAD, *before, _flat(step), _filled_in(functions, sql), *after))


def psql_script(sql: Path, extension: str) -> str:
    """Return the script with which psql installs what the extension's script holds."""
    return _flat(sql / "install.sql", manifest=_ONLY_IN_EXTENSIONS.sub("", extension))


def psql_upgrade_script(sql: Path, before: str, update: str) -> str:
    """Return the script with which psql upgrades as the extension's update does."""
    script = _flat(sql / "upgrade.sql", manifest=_ONLY_IN_EXTENSIONS.sub("", update))
    return _named(script, before, control(sql)["default_version"])


def plain_script(sql: Path, version: str, extension: str) -> str:
    """Return the script that installs the same by SQL alone; it sets the search_path for all statements itself."""
    # Not that of s3vl.sync(), which is indented.
    manifest = _ONLY_IN_EXTENSIONS.sub("", extension).replace(f"\n{_SEARCH_PATH}", "\n")
    return _flat(sql / "plain_install.sql", manifest=manifest).replace("@to@", version)


def plain_upgrade_script(sql: Path, before: str, update: str) -> str:
    """Return the script that upgrades the same by SQL alone."""
    script = _flat(sql / "plain_upgrade.sql", manifest=_ONLY_IN_EXTENSIONS.sub("", update))
    return _named(script, before, control(sql)["default_version"])


def pgtle_script(sql: Path, before: str, extension: str, update: str) -> str:
    """Return the script that registers the extension with pg_tle, beside the release before where that is."""
    known = control(sql)
    script = _named((sql / "pgtle.sql").read_text(encoding="utf-8"), before, known["default_version"])
    for form, text in {
        "@comment@": known["comment"],
        "@requires@": known["requires"],
        "'@extension@'": _quoted(extension),
        "'@update@'": _quoted(update),
    }.items():
        script = script.replace(form, text)
    return script


def _named(script: str, before: str, version: str) -> str:
    """Return a script with the versions that it leads from and to."""
    return script.replace("@from@", before).replace("@to@", version)


def _quoted(script: str) -> str:
    """Return a script between dollar tags; one that holds such a tag would end early."""
    for tag in _FORBIDDEN_TAGS:
        if tag in script:
            raise SystemExit(f"a script for pg_tle cannot contain {tag}; choose another dollar tag in sql/")
    return f"{_DOLLAR_TAG}\n{script}{_DOLLAR_TAG}"


def _flat(path: Path, manifest: str | None = None) -> str:
    """Return a psql script with the files in it that it includes; `manifest` stands in for manifest.sql."""
    text = path.read_text(encoding="utf-8")
    if manifest is not None:
        text = text.replace("\\ir manifest.sql\n", manifest)
    return _filled_in(text, path.parent)


def _filled_in(text: str, folder: Path) -> str:
    return re.sub(
        r"^\\ir (.+)\n", lambda included: _flat(folder / included[1]) + "\n", text, flags=re.MULTILINE
    )


if __name__ == "__main__":
    build(SQL, TARGET)
    print(TARGET)
