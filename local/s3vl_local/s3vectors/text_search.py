"""Which metadata keys of an index can be searched for words, and since when."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from s3vl_local.s3vectors.exceptions import ValidationError
from s3vl_local.s3vectors.text import TextIndex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3vl_local.s3vectors.records import Record

MAX_CONFIGURATIONS = 10


class TextSearch:
    """One searchable metadata key: its configuration, and the texts that the records have under it."""

    def __init__(self, configuration: dict[str, str], building_seconds: float) -> None:
        self.metadata_key = configuration["metadataKey"]
        self.language = configuration.get("language")
        self.build_for(building_seconds)
        self.texts = TextIndex(self.language)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the texts out of what is kept over a restart: they are in the records."""
        return {name: value for name, value in self.__dict__.items() if name != "texts"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin without texts; whoever loads the records puts them again."""
        self.__dict__.update(state)
        self.texts = TextIndex(self.language)

    def build_for(self, seconds: float) -> None:
        """Serve queries only after a while, as the service does while it reads the records that exist."""
        self._active_from = time.time() + seconds

    @property
    def active(self) -> bool:
        """Tell whether the key serves queries."""
        return time.time() >= self._active_from

    def description(self) -> dict[str, str]:
        """Return what GetIndex says about the key."""
        described = {"metadataKey": self.metadata_key, "status": "ACTIVE" if self.active else "BUILDING"}
        if self.language is not None:
            described["language"] = self.language
        return described

    def put(self, records: Iterable[Record]) -> None:
        """Read the texts of records; only a string is a text, other values cannot be found by words."""
        for record in records:
            text = record.metadata.get(self.metadata_key)
            if isinstance(text, str):
                self.texts.put(record.key, text)
            else:
                self.texts.delete(record.key)


def check_configurations(metadata_keys: list[str]) -> None:
    """Refuse more configurations than an index may have, and two for one key."""
    if len(metadata_keys) > MAX_CONFIGURATIONS:
        raise ValidationError(
            f"An index must have at most {MAX_CONFIGURATIONS} textSearchConfigurations, got {len(metadata_keys)}"
        )
    if len(set(metadata_keys)) < len(metadata_keys):
        raise ValidationError("textSearchConfigurations must have at most one configuration per metadataKey")
