"""What make parameters writes into a file, and which it leaves alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from s3vl_local import parameters
from s3vl_local.cloud import LocalCloudError

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = json.loads(parameters.EXAMPLE.read_text(encoding="utf-8"))
HERE = {"VpcId": "vpc-1", "SubnetIds": "subnet-1,subnet-2"}


def values(entries: list[parameters.Entry]) -> dict[str, str]:
    """Return the values by name."""
    return {entry["ParameterKey"]: entry["ParameterValue"] for entry in entries}


@pytest.mark.parametrize("mine", [[], EXAMPLE], ids=["no file", "a copy of the example"])
def test_the_example_is_filled_without_its_comments(mine: list[parameters.Entry]) -> None:
    """With or without the post's `cp` before it, the same comes out."""
    plain = {name: value for name, value in values(EXAMPLE).items() if not name.startswith("_")}

    assert values(parameters.filled(mine, EXAMPLE, HERE)) == plain | HERE


def test_what_a_person_wrote_stays() -> None:
    """Values that differ from the example's, and parameters that it does not have, are still there."""
    changed = {"VpcId": "vpc-9", "LambdaTimeout": "60", "ManageIndexes": "true"}
    mine = [{"ParameterKey": name, "ParameterValue": value} for name, value in changed.items()]
    after = values(parameters.filled(mine, EXAMPLE, HERE))

    assert (after["LambdaTimeout"], after["ManageIndexes"], after["VpcId"]) == ("60", "true", "vpc-1")
    assert {"AuroraClusterArn", "ResourcePrefix"} <= after.keys()


@pytest.mark.parametrize("content", ["{", '{"VpcId": "vpc-1"}', '[{"ParameterKey": "VpcId"}]'])
def test_a_file_that_is_no_list_of_parameters_is_left_alone(content: str, tmp_path: Path) -> None:
    """The error says what it should look like, and what to do."""
    file = tmp_path / "parameters.json"
    file.write_text(content)

    with pytest.raises(LocalCloudError, match=r"is not a JSON list of (.|\n)*Correct it, or move it away"):
        parameters.write(file, {})
    assert file.read_text() == content


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """PARAMETERS= may be anything."""
    with pytest.raises(LocalCloudError, match=r"there is no folder .*nowhere"):
        parameters.write(tmp_path / "nowhere" / "parameters.json", {})
