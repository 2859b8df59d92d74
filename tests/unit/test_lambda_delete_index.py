"""Ending an index: what holds vectors is refused, and what is gone is done."""

from __future__ import annotations

from typing import Any

import pytest

from s3vl_lambda.operations.delete_index import run
from s3vl_lambda.protocol.errors import NotEmptyError, NotFoundError
from s3vl_lambda.protocol.requests import DeleteIndex
from s3vl_lambda.services.s3_vectors import Page

ARN = "arn:aws:s3vectors:us-west-2:123456789012:bucket/my-bucket/index/docs"


class FakeGateway:
    """S3 Vectors with one index, which lists these pages; without any it is gone."""

    def __init__(self, *pages: Page) -> None:
        self.pages = list(pages)
        self.calls: list[str] = []

    def list_vectors(self, index_arn: str, **_: Any) -> Page:
        """Give the next page."""
        assert index_arn == ARN
        self.calls.append("list")
        if not self.pages:
            raise NotFoundError("The specified index could not be found")
        return self.pages.pop(0)

    def delete_index(self, index_arn: str) -> None:
        """Delete the index."""
        assert index_arn == ARN
        self.calls.append("delete")


def delete(gateway: FakeGateway, *, force: bool = False) -> dict[str, Any]:
    """Ask for the end of the index."""
    request = DeleteIndex(budget_ms=1, index_arn=ARN, force=force)
    return run(request, gateway).members  # type: ignore[arg-type]


def test_an_empty_index_is_deleted() -> None:
    """An empty page with a token is not the end: vectors may come after it."""
    gateway = FakeGateway(Page([], "t"), Page([], None))

    assert delete(gateway) == {"existed": True}
    assert gateway.calls == ["list", "list", "delete"]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (Page([{"key": "a"}], None), "it holds 1 vector"),
        (Page([{"key": "a"}] * 2, None), "it holds 2 vectors"),
        (Page([{"key": "a"}] * 1_000, "t"), "it holds at least 1,000 vectors"),
    ],
)
def test_an_index_with_vectors_is_refused(page: Page, said: str) -> None:
    """The error says how many were seen, and nothing is deleted."""
    gateway = FakeGateway(Page([], "s"), page)

    with pytest.raises(NotEmptyError) as refused:
        delete(gateway)

    assert refused.value.message == said
    assert gateway.calls == ["list", "list"]


def test_force_does_not_look() -> None:
    """What is to go in any case is not listed, which also needs no permission to list."""
    gateway = FakeGateway(Page([{"key": "a"}], None))

    assert delete(gateway, force=True) == {"existed": True}
    assert gateway.calls == ["delete"]


def test_what_is_gone_is_done() -> None:
    """A deletion whose answer was lost meets no index the next time."""
    assert delete(FakeGateway()) == {"existed": False}
