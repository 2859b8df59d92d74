"""Which requests make the local cloud save what moto holds."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from s3vl_local.moto_state import only_reads

FORM = "application/x-www-form-urlencoded; charset=utf-8"


@pytest.mark.parametrize(
    ("request_of", "reads"),
    [
        ({"CONTENT_TYPE": FORM, "body": b"Action=DescribeStacks&Version=2010-05-15"}, True),
        ({"CONTENT_TYPE": FORM, "body": b"Action=UpdateStack&StackName=GetOne"}, False),
        ({"HTTP_X_AMZ_TARGET": "Logs_20140328.DescribeLogGroups"}, True),
        ({"HTTP_X_AMZ_TARGET": "AmazonSQS.SendMessage"}, False),
        ({"REQUEST_METHOD": "GET"}, True),
        ({"REQUEST_METHOD": "GET", "QUERY_STRING": "Action=CreateRole"}, False),
        ({"REQUEST_METHOD": "PUT"}, False),
    ],
    ids=str,
)
def test_a_request_that_only_reads_saves_nothing(request_of: dict[str, Any], reads: bool) -> None:
    """The operation decides, or the method where there is none; the body can be read again."""
    body = request_of.pop("body", b"")
    environ = {"REQUEST_METHOD": "POST", "QUERY_STRING": "", "wsgi.input": BytesIO(body), **request_of}

    assert only_reads(environ) is reads
    assert environ["wsgi.input"].read() == body
