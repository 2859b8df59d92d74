"""An index: its settings and its vectors."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from s3vl_local.s3vectors.settings import DEFAULTS
from s3vl_local.s3vectors.storage import STORAGE
from s3vl_local.s3vectors.store import VectorStore
from s3vl_local.s3vectors.text_search import TextSearch
from s3vl_local.s3vectors.write_rate import WriteRate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3vl_local.s3vectors.records import Record
    from s3vl_local.s3vectors.settings import Settings


def now() -> float:
    """Return the time as the service writes it: seconds, to the millisecond."""
    return round(time.time(), 3)


@dataclass
class Index:
    """An index: its settings and its vectors."""

    bucket_name: str
    name: str
    arn: str
    dimension: int
    distance_metric: str
    encryption_configuration: dict[str, str]
    index_mode: str
    data_type: str = "float32"
    non_filterable_keys: list[str] = field(default_factory=list)
    text_searches: dict[str, TextSearch] = field(default_factory=dict)
    creation_time: float = field(default_factory=now)
    # None until somebody asks for others than those of all indexes.
    own_settings: Settings | None = None
    # Not the ARN: an index that is made again under its old name does not get the old vectors back.
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        self._begin_empty()

    def _begin_empty(self) -> None:
        self.store = VectorStore(self.dimension)
        self._write_rate = WriteRate()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the vectors out of what is kept over a restart: they are stored one by one."""
        return {name: value for name, value in self.__dict__.items() if name not in ("store", "_write_rate")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin without vectors; `remember` brings them."""
        self.__dict__.update(state)
        self._begin_empty()

    @property
    def settings(self) -> Settings:
        """How the index behaves now."""
        return self.own_settings or DEFAULTS.settings

    def put(self, records: list[Record]) -> None:
        """Store records; they are on disk before anybody sees them."""
        with self.store.lock:
            self._count_write(len(records))
            STORAGE.put(self.id, records)
            self.remember(records)

    def remember(self, records: Iterable[Record]) -> None:
        """Hold records in memory, where queries find them."""
        records = list(records)
        self.store.put(records)
        for text_search in self.text_searches.values():
            text_search.put(records)

    def delete(self, keys: list[str]) -> None:
        """Delete those records that exist."""
        with self.store.lock:
            self._count_write(len(keys))
            STORAGE.delete(self.id, keys)
            self.store.delete(keys)
            for text_search in self.text_searches.values():
                for key in keys:
                    text_search.texts.delete(key)

    def add_text_search(self, configuration: dict[str, str]) -> None:
        """Make a metadata key searchable, with the texts that are there already."""
        text_search = TextSearch(configuration, self.settings.building_seconds)
        with self.store.lock:
            text_search.put(self.store.records())
            self.text_searches[text_search.metadata_key] = text_search

    def change_settings(self, settings: Settings) -> None:
        """Behave differently from now on; text searches that exist are built again."""
        self.own_settings = settings
        for text_search in self.text_searches.values():
            text_search.build_for(settings.building_seconds)

    def _count_write(self, vectors: int) -> None:
        if self.settings.write_rate:
            self._write_rate.take(vectors)

    def summary(self) -> dict[str, Any]:
        """Return what ListIndexes says about the index."""
        return {
            "vectorBucketName": self.bucket_name,
            "indexName": self.name,
            "indexArn": self.arn,
            "creationTime": self.creation_time,
        }

    def description(self) -> dict[str, Any]:
        """Return what GetIndex says about the index."""
        described = {
            **self.summary(),
            "dataType": self.data_type,
            "dimension": self.dimension,
            "distanceMetric": self.distance_metric,
            "encryptionConfiguration": self.encryption_configuration,
            "indexMode": self.index_mode,
        }
        metadata_configuration: dict[str, Any] = {}
        if self.non_filterable_keys:
            metadata_configuration["nonFilterableMetadataKeys"] = self.non_filterable_keys
        if self.text_searches:
            metadata_configuration["textSearchConfigurations"] = [
                text_search.description() for text_search in self.text_searches.values()
            ]
        if metadata_configuration:
            described["metadataConfiguration"] = metadata_configuration
        return described
