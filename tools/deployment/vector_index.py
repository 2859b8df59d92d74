"""Index mode and text search of the stack's index, which CloudFormation could not set in August 2026."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .waiting import wait_until

MODES = ("CLASSIC", "ENHANCED")
# ListVectors has no count; beyond this many, nobody needs the exact one to decide.
_MOST_COUNTED = 10_000


def read_text_keys(text: str) -> dict[str, str | None]:
    """Return the languages by key: "title:en,body" is {"title": "en", "body": None}."""
    keys: dict[str, str | None] = {}
    for entry in filter(None, text.split(",")):
        key, _, language = entry.strip().partition(":")
        if not key or key in keys:
            raise SystemExit(f'TEXT_KEYS has "{entry}"; write each key once, such as title:en,body')
        keys[key] = language or None
    return keys


def check_options(mode: str | None, keys: dict[str, str | None], existing: str) -> None:
    """Stop on options that contradict each other, or the parameter with the indexes that exist already."""
    if existing and (mode or keys):
        raise SystemExit(
            "nothing was done: INDEX_MODE and TEXT_KEYS are for a new index, and ExistingVectorIndexArns is "
            f'"{existing}"; leave one of them out'
        )
    if mode == "CLASSIC" and keys:
        raise SystemExit(
            "nothing was done: TEXT_KEYS needs INDEX_MODE=ENHANCED, and INDEX_MODE is CLASSIC; leave one of them out"
        )


def amount(count: int) -> str:
    """Say how many vectors there are, as far as they were counted."""
    if count > _MOST_COUNTED:
        return f"more than {_MOST_COUNTED:,} vectors"
    return "1 vector" if count == 1 else f"{count:,} vectors"


class VectorIndex:
    """An index by its ARN."""

    def __init__(self, client: Any, arn: str | None = None) -> None:
        self.arn = arn
        self._client = client

    def count(self) -> int:
        """Count the vectors, up to one more than it takes to decide; an index that is gone has none."""
        pages = self._client.get_paginator("list_vectors").paginate(
            indexArn=self.arn, PaginationConfig={"MaxItems": _MOST_COUNTED + 1, "PageSize": 1000}
        )
        try:
            return sum(len(page["vectors"]) for page in pages)
        except self._client.exceptions.NotFoundException:
            return 0

    def delete(self, *, even_with_vectors: bool) -> str:
        """Delete the index; return why it stays, or nothing."""
        if not even_with_vectors and (count := self.count()):
            way = f"aws s3vectors delete-index --index-arn {self.arn}"
            return f", which has got {amount(count)} since; delete it with: {way}"
        # CloudFormation has deleted it when the stack's template was one from before it kept what is replaced.
        with suppress(self._client.exceptions.NotFoundException):
            self._client.delete_index(indexArn=self.arn)
        return ""

    def check_text_keys(self, keys: dict[str, str | None]) -> None:
        """Stop on what S3 Vectors does not have, a language or so many keys; this needs no index yet."""
        add = self._client.meta.service_model.operation_model("UpdateMetadataConfiguration").input_shape
        configurations = add.members["add"].members["textSearchConfigurations"]
        most, languages = configurations.metadata["max"], configurations.member.members["language"].enum
        if len(keys) > most:
            raise SystemExit(f"nothing was done: TEXT_KEYS has {len(keys)} keys; an index has up to {most}")
        for key, language in keys.items():
            if language not in (None, *languages):
                raise SystemExit(
                    f'nothing was done: TEXT_KEYS has the language "{language}" for "{key}"; '
                    f"it may be one of {', '.join(languages)}"
                )

    def set_mode(self, mode: str) -> None:
        """Give the index a mode, if it has another."""
        if self._facts()["indexMode"] != mode:
            print(f"change the index mode to {mode} ...", flush=True)
            self._client.update_index_mode(indexArn=self.arn, indexMode=mode)

    def set_text_keys(self, keys: dict[str, str | None]) -> None:
        """Let the keys have text search in their languages, and wait until it serves; other keys stay."""
        present = self._text_keys()
        other = [key for key in keys if key in present and present[key].get("language") != keys[key]]
        if other:
            # A language cannot be changed in place.
            print(f"remove text search in another language: {', '.join(other)} ...", flush=True)
            self._update("delete", [{"metadataKey": key} for key in other])
        new = [key for key in keys if key not in present or key in other]
        if new:
            print(f"add text search: {', '.join(new)} ...", flush=True)
            self._update("add", [_configuration(key, keys[key]) for key in new])
        wait_until(
            f"text search of {', '.join(keys)} is built",
            self._text_keys,
            busy=lambda present: any(present[key]["status"] == "BUILDING" for key in keys),
        )

    def _update(self, verb: str, configurations: list[dict[str, str]]) -> None:
        self._client.update_metadata_configuration(
            indexArn=self.arn, **{verb: {"textSearchConfigurations": configurations}}
        )

    def _text_keys(self) -> dict[str, dict[str, str]]:
        """Return what there is, by key."""
        metadata = self._facts().get("metadataConfiguration", {})
        return {entry["metadataKey"]: entry for entry in metadata.get("textSearchConfigurations", [])}

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = self._client.get_index(indexArn=self.arn)["index"]
        return facts


def _configuration(key: str, language: str | None) -> dict[str, str]:
    """Write a key as the API takes it."""
    return {"metadataKey": key} | ({"language": language} if language else {})
