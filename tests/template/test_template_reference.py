"""docs/cloudformation.md says everything that there is in the template, in words."""

from __future__ import annotations

import re
from typing import Any

import pytest

import template_reference

DECLARED = {
    "Given": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Arn"}, ""]}]},
    "Wanted": {"Fn::Equals": [{"Ref": "Switch"}, "true"]},
}


@pytest.mark.parametrize("section", ["parameters", "resources", "outputs"])
def test_everything_has_a_row(template: dict[str, Any], section: str) -> None:
    """Each parameter, resource and output stands in the first column, once and in order."""
    text = getattr(template_reference, section)(template)

    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(template[section.capitalize()])


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (DECLARED["Given"], "`Arn` is given"),
        ({"Fn::Not": [{"Condition": "Given"}]}, "`Arn` is empty"),
        ({"Fn::Not": [{"Condition": "Wanted"}]}, "`Switch` is false"),
        (
            {"Fn::And": [{"Condition": "Given"}, {"Condition": "Wanted"}]},
            "`Arn` is given and `Switch` is true",
        ),
    ],
)
def test_conditions_become_words(expression: dict[str, Any], words: str) -> None:
    """A condition is told by the values of parameters, through all its negations and references."""
    assert template_reference.condition_in_words(expression, DECLARED) == words


@pytest.mark.parametrize(
    "expression",
    [
        {"Fn::Equals": [{"Ref": "Arn"}, "mine"]},
        {"Fn::Not": [{"Fn::And": [{"Condition": "Given"}, {"Condition": "Wanted"}]}]},
    ],
)
def test_a_condition_without_words_is_refused(expression: dict[str, Any]) -> None:
    """Rather than a wrong word there is an error that names the place for the right one."""
    with pytest.raises(
        ValueError, match=r"add them to condition_in_words\(\) in tools/template_reference\.py"
    ):
        template_reference.condition_in_words(expression, DECLARED)
