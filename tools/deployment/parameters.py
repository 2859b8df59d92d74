"""The template's parameters: read from the file of the post's CLI commands, and checked before anything is made."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from pathlib import Path


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads a template; what stands after !Sub and the like does not matter here."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def declared(template: str) -> dict[str, dict[str, Any]]:
    """Return the parameters that a template declares, with their constraints."""
    return _section(template, "Parameters")


def resources(template: str) -> dict[str, dict[str, Any]]:
    """Return the resources of a template, without what needs functions such as !If."""
    return _section(template, "Resources")


@cache
def _section(template: str, name: str) -> dict[str, dict[str, Any]]:
    section: dict[str, dict[str, Any]] = yaml.load(template, _Loader)[name]  # noqa: S506 - a SafeLoader
    return section


def read(path: Path) -> dict[str, str]:
    """Return the values of a parameters.json, as aws cloudformation create-stack takes it."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        pairs = [(entry["ParameterKey"], entry["ParameterValue"]) for entry in entries]
    except FileNotFoundError:
        raise SystemExit(
            f"there is no {path}; copy cloudformation/parameters-example.json and put your values in"
        ) from None
    except OSError as error:
        raise SystemExit(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise SystemExit(
            f'{path} is not a JSON list of {{"ParameterKey": ..., "ParameterValue": ...}} ({error!r}); '
            "compare it with cloudformation/parameters-example.json"
        ) from None
    for name, value in pairs:
        if not isinstance(value, str):
            raise SystemExit(f'{path} has {json.dumps(value)} for {name}; write it as text: "{value}"')
    twice = {name for name, _ in pairs if [key for key, _ in pairs].count(name) > 1}
    if twice:
        raise SystemExit(f"{path} has {', '.join(sorted(twice))} more than once; leave one of them")
    return dict(pairs)


def given_to_make(flags: str, slots: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the parameters of the template among make's variables, spelled AllowWrites or ALLOW_WRITES."""
    names = {name.lower(): name for name in slots}
    pairs = [word.partition("=") for word in flags.split() if "=" in word]
    typed = [(name.replace("_", "").lower(), value) for name, _, value in pairs]
    return {names[name]: value for name, value in typed if name in names}


def problems(values: dict[str, str], slots: dict[str, dict[str, Any]]) -> list[str]:
    """Say what CloudFormation would refuse, one line each: which parameter, which value, what it must be."""
    unknown = [f"{name} is no parameter of the template; remove it" for name in values if name not in slots]
    missing = [
        f"{name} has no value; add it: {slot.get('Description', '').strip()}"
        for name, slot in slots.items()
        if name not in values and "Default" not in slot
    ]
    broken = [
        f'{name} is "{values[name]}"; it {slot.get("ConstraintDescription", complaint)}'
        for name, slot in slots.items()
        if name in values and (complaint := _complaint(values[name], slot))
    ]
    return unknown + missing + broken


def changes(before: dict[str, str], values: dict[str, str], slots: dict[str, dict[str, Any]]) -> list[str]:
    """Say which parameters of a stack change, one line each; what nobody gives goes back to its default."""
    defaults = {name: str(slot.get("Default", "")) for name, slot in slots.items()}
    old, new = defaults | before, defaults | values
    return [
        f'{_verb(name, values)}: "{old[name]}" -> "{new[name]}"' for name in slots if old[name] != new[name]
    ]


def _verb(name: str, values: dict[str, str]) -> str:
    return f"sets {name}" if name in values else f"takes back {name}, which the parameters lack"


def _complaint(value: str, slot: dict[str, Any]) -> str | None:
    """Say which constraint a value breaks, if any."""
    allowed = [str(each) for each in slot.get("AllowedValues", [value])]
    if value not in allowed:
        return f"must be one of {', '.join(allowed)}"
    if not re.fullmatch(slot.get("AllowedPattern", r"(?s).*"), value):
        return f"must match {slot['AllowedPattern']}"
    if not int(slot.get("MinLength", 0)) <= len(value) <= int(slot.get("MaxLength", len(value))):
        return f"must have {slot.get('MinLength', 0)} to {slot.get('MaxLength', 'any number of')} characters"
    if slot["Type"] == "Number":
        return _complaint_of_number(value, slot)
    if "AWS::" in slot["Type"] and not value:
        return "must not be empty"
    return None


def _complaint_of_number(value: str, slot: dict[str, Any]) -> str | None:
    """Say what is wrong with a number."""
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        return "must be a number"
    low, high = slot.get("MinValue", value), slot.get("MaxValue", value)
    return None if float(low) <= float(value) <= float(high) else f"must be from {low} to {high}"
