"""What a server's environment says about the indexes that it makes."""

from __future__ import annotations

import pytest

from s3vl_local.s3vectors.approximation import Approximation
from s3vl_local.s3vectors.settings import Settings, settings_of_new_indexes


@pytest.mark.parametrize(
    ("document", "settings"),
    [
        ("{}", Settings()),
        ('{"approximation": {}}', Settings(Approximation())),
        (
            '{"approximation": {"seed": 7}, "write_rate": true}',
            Settings(Approximation(seed=7), write_rate=True),
        ),
    ],
)
def test_the_environment_decides_how_new_indexes_behave(
    monkeypatch: pytest.MonkeyPatch, document: str, settings: Settings
) -> None:
    """S3VL_NEW_INDEXES holds the same document as a request for the settings of an index."""
    monkeypatch.setenv("S3VL_NEW_INDEXES", document)

    assert settings_of_new_indexes() == settings


def test_new_indexes_are_exact_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a word in the environment everything is off."""
    monkeypatch.delenv("S3VL_NEW_INDEXES", raising=False)

    assert settings_of_new_indexes() == Settings()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("yes", "S3VL_NEW_INDEXES is 'yes': Expecting value"),
        ('{"loss": 1}', "there is no 'loss'; there may be approximation, .*docs/local-stack.md"),
    ],
)
def test_a_wrong_environment_is_named(monkeypatch: pytest.MonkeyPatch, document: str, message: str) -> None:
    """The error has the variable, its value, what is wrong with it and where to read on."""
    monkeypatch.setenv("S3VL_NEW_INDEXES", document)

    with pytest.raises(ValueError, match=message):
        settings_of_new_indexes()
