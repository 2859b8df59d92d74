"""How an index behaves beyond what it was created with: how it searches, and what it refuses.

PUT /_s3vl/indexes/{bucket}/{index} tells one index, PUT /_s3vl/indexes all that were not told so; both take the
same JSON document.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from s3vl_local.s3vectors.approximation import Approximation


@dataclass(frozen=True)
class Settings:
    """What the service does and a test seldom wants."""

    # Lose results and blur distances, as ENHANCED was measured to.
    approximation: Approximation | None = None
    # How long a text search configuration is BUILDING before it is ACTIVE.
    building_seconds: float = 0
    # Refuse more than 1,000 write requests or 2,500 vectors in a second.
    write_rate: bool = False


@dataclass
class Defaults:
    """The settings of every index that has none of its own. In a process that nobody has told, nothing is on."""

    settings: Settings = Settings()
    document: dict[str, Any] = field(default_factory=dict)

    def change(self, document: Any) -> None:
        """Do what PUT /_s3vl/indexes says; a ValueError says what is wrong with it."""
        self.settings, self.document = read_settings(document), document


# One for the whole local cloud, like its faults.
DEFAULTS = Defaults()


def read_settings(document: Any) -> Settings:
    """Return the settings that a JSON document asks for; a ValueError says what is wrong with it."""
    _check_members("the settings of an index", document, Settings)
    seconds, write_rate = document.get("building_seconds", 0), document.get("write_rate", False)
    _check_number("building_seconds", seconds, 86_400)
    if type(write_rate) is not bool:
        raise ValueError(f"write_rate must be true or false, got {write_rate!r}")
    return Settings(_read_approximation(document.get("approximation")), seconds, write_rate)


def _read_approximation(document: Any) -> Approximation | None:
    if document is None:
        return None
    _check_members("an approximation", document, Approximation)
    recall = document.get("recall")
    if recall is not None:
        _check_number("recall", recall, 1)
    _check_number("distance_noise", document.get("distance_noise", 0), 1)
    seed = document.get("seed", 0)
    if type(seed) is not int:
        raise ValueError(f"seed must be an integer, got {seed!r}")
    return Approximation(**document)


def _check_members(what: str, document: Any, settings: type) -> None:
    names = [setting.name for setting in fields(settings)]
    if not isinstance(document, dict):
        # It comes from outside as JSON, so that a wrong type is a wrong value.
        raise ValueError(f"{what}: an object is needed, such as {{}}, not {document!r}")  # noqa: TRY004
    for name in document:
        if name not in names:
            raise ValueError(f"{what}: there is no {name!r}; there may be {', '.join(names)}")


def _check_number(name: str, value: Any, highest: float) -> None:
    if type(value) not in (int, float) or not 0 <= value <= highest:
        raise ValueError(f"{name} must be a number from 0 to {highest}, got {value!r}")
