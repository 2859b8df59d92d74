"""configure, validate_config, get_config, version: which Lambda function is called, and does it work."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from fixtures_sql import LAMBDA_ARN, ROOT, StubLambda

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_sql import Database

EVENT = json.loads((ROOT / "lambda/events/availability_check.json").read_text())
AVAILABLE = {"version": "1.1.0", "protocol": 2, "operations": ["availability_check"], "region": "us-west-2"}


def test_configure_saves_then_tries(db: Database, stub: StubLambda) -> None:
    """configure() sends the event of the protocol to the function that it was given, and returns true."""
    stub.answers(AVAILABLE)

    assert db.value("select s3vl.configure(%(arn)s, 'us-west-2')", arn=LAMBDA_ARN) is True

    [call] = stub.calls
    assert call["function_name"] == LAMBDA_ARN
    assert {**call["payload"], "budget_ms": EVENT["budget_ms"]} == EVENT
    assert db.warnings == []
    [config] = db.rows("select * from s3vl.get_config()")
    assert (config["lambda_arn"], config["aws_region"], config["timeout_seconds"]) == (
        LAMBDA_ARN,
        "us-west-2",
        30,
    )
    assert config["last_validation_status"] == "ok"


@pytest.mark.parametrize("suffix", ["", ":live", ":17", ":$LATEST"])
def test_alias_and_version_are_part_of_the_arn(db: Database, stub: StubLambda, suffix: str) -> None:
    """The ARN may name an alias or a version, and is used as it is."""
    stub.answers(AVAILABLE)

    db.rows("select s3vl.configure(%(arn)s)", arn=LAMBDA_ARN + suffix)

    assert stub.calls[0]["function_name"] == LAMBDA_ARN + suffix


def test_configure_warns_when_the_function_does_not_work_yet(db: Database, stub: StubLambda) -> None:
    """What cannot be reached is saved all the same, with the reason and what to do."""
    stub.answers_failure("placeholder_code", "This is the placeholder.")

    assert db.value("select s3vl.configure(%(arn)s)", arn=LAMBDA_ARN) is True

    [warning] = db.warnings
    assert warning.message == "the configuration is saved, but the Lambda function does not work yet"
    assert (warning.detail or "").startswith(
        "the Lambda function still has its placeholder code (Lambda request"
    )
    assert (warning.hint or "").startswith("Upload the real code")
    assert db.value("select lambda_arn from s3vl.get_config()") == LAMBDA_ARN
    assert db.value("select last_validation_status from s3vl.get_config()") == f"failed: {warning.detail}"
    assert db.value("select last_validated_at is not null from s3vl.config")


def test_configure_again_replaces(db: Database, configured: StubLambda) -> None:
    """There is one configuration: the last; created_at stays."""
    db.rows("update s3vl.config set created_at = '2026-01-01', updated_at = '2026-01-01'")
    configured.answers(AVAILABLE)

    db.rows("select s3vl.configure('arn:aws-cn:lambda:cn-north-1:123456789012:function:g', null, 900)")

    [config] = db.rows("select * from s3vl.get_config()")
    assert config["lambda_arn"] == "arn:aws-cn:lambda:cn-north-1:123456789012:function:g"
    assert (config["aws_region"], config["timeout_seconds"]) == ("cn-north-1", 900)
    assert config["created_at"].year == 2026
    assert config["created_at"] < config["updated_at"]


def test_configuration_has_one_row_at_most(db: Database, configured: StubLambda) -> None:
    """The table itself refuses a second row, whatever it says."""
    assert configured.calls == []
    for only_row in (True, False):
        error = db.error(
            "insert into s3vl.config (is_the_only_row, lambda_arn, aws_region, timeout_seconds)"
            " values (%(only_row)s, 'x', 'y', 1)",
            only_row=only_row,
        )
        assert error.constraint_name in {"config_pkey", "config_single_row"}


def test_validate_config_tells_that_it_works(db: Database, configured: StubLambda) -> None:
    """A function that answers is valid, and the time it took is measured over the whole call."""
    configured.answers(AVAILABLE, seconds=0.3)

    [row] = db.rows("select * from s3vl.validate_config()")

    assert 300 <= row.pop("response_time_ms") < 3000
    assert row == {
        "is_valid": True, "lambda_arn": LAMBDA_ARN, "aws_region": "us-west-2", "error_message": None,
    }  # fmt: skip


def test_validate_config_tells_that_nothing_is_configured(db: Database, stub: StubLambda) -> None:
    """Without a configuration there is still one row, which says so."""
    [row] = db.rows("select * from s3vl.validate_config()")

    assert row["is_valid"] is False
    assert (row["lambda_arn"], row["aws_region"]) == (None, None)
    assert row["error_message"] == ("s3vl is not configured. Type: select s3vl.configure('<Lambda ARN>');")
    assert stub.calls == []


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        ("invoke API failed", "AWS Lambda client returned 'Unable to connect to endpoint'."),
        ("lambda invocation failed", '"f" returned error "Unhandled", details: "x".'),
        ("something that no page documents", ""),
    ],
)
def test_validate_config_never_raises_for_what_is_remote(
    db: Database, configured: StubLambda, message: str, detail: str
) -> None:
    """A failing call is a row with the reason, and what others see in get_config stays as it is."""
    configured.raises(message, detail, errcode="XX000")

    [row] = db.rows("select * from s3vl.validate_config()")

    assert row["is_valid"] is False
    assert message in row["error_message"]
    assert detail.rstrip(".") in row["error_message"]
    assert db.value("select last_validation_status from s3vl.get_config()") is None
    assert db.value("select last_validated_at is null from s3vl.config")


def test_validate_config_in_a_read_only_transaction(db: Database, configured: StubLambda) -> None:
    """A reader instance can validate too."""
    configured.answers(AVAILABLE)
    db.rows("set transaction read only")

    assert db.value("select is_valid from s3vl.validate_config()") is True


def test_configure_in_a_read_only_transaction_fails_plainly(db: Database, stub: StubLambda) -> None:
    """What cannot be saved is an error, before a call is made."""
    db.rows("set transaction read only")

    error = db.error("select s3vl.configure(%(arn)s)", arn=LAMBDA_ARN)

    assert error.sqlstate == "25006"
    assert stub.calls == []


def test_cancelled_validation_is_cancelled(db: Database, configured: StubLambda) -> None:
    """A query that is cancelled is not taken for a failing Lambda function."""
    configured.is_cancelled()

    assert db.error("select * from s3vl.validate_config()").sqlstate == "57014"


def test_get_config_is_empty_before_configure(db: Database) -> None:
    """No configuration is no row."""
    assert db.rows("select * from s3vl.get_config()") == []


def test_config_age_is_in_hours(db: Database, configured: StubLambda) -> None:
    """Three days and two and a half hours are 74.5 hours, since the last change."""
    db.rows("update s3vl.config set updated_at = now() - interval '3 days 2 hours 30 minutes'")

    assert str(db.value("select config_age_hours from s3vl.get_config()")) == "74.50"
    assert configured.calls == []


def test_configuration_survives_the_session(committing: Callable[..., Database]) -> None:
    """A committed configuration is there in the next session."""
    first = committing()
    StubLambda(first).answers(AVAILABLE)
    first.rows("select s3vl.configure(%(arn)s)", arn=LAMBDA_ARN)

    assert committing().value("select lambda_arn from s3vl.get_config()") == LAMBDA_ARN


def test_version_is_that_of_the_control_file(db: Database) -> None:
    """The version stands in s3vl.control; what the database says agrees."""
    control = (ROOT / "sql/s3vl.control").read_text()

    [version] = re.findall(r"^default_version = '(.*)'$", control, re.MULTILINE)

    assert db.value("select s3vl.version()") == version
