"""diagnose: one row for each thing that has to work."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_sql import INDEX_ARN, LAMBDA_ARN

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_sql import Database, StubLambda

AVAILABLE = {"version": "1.1.0", "protocol": 2, "operations": [], "region": "us-west-2"}
FACTS = {"index": {"dimension": 5, "distance_metric": "cosine"}}


NOT_ASKED = (
    "warn", "not checked: the Lambda function does not answer", "See the check of the Lambda function.",
)  # fmt: skip


def diagnosis(db: Database) -> dict[str, tuple[str, str, str | None]]:
    """Return status, detail and hint of each check."""
    rows = db.rows("select * from s3vl.diagnose()")
    return {row["check_name"]: (row["status"], row["detail"], row["hint"]) for row in rows}


def test_all_is_well(db: Database, registered: StubLambda) -> None:
    """Every check has its row, in the order in which a call travels, and each says what it found."""
    registered.answers(AVAILABLE)
    registered.answers(FACTS)

    found = diagnosis(db)

    assert found == {
        "extension aws_lambda": ("ok", "version 2.0", None),
        "privilege on aws_lambda": ("ok", "role postgres owns s3vl", None),
        "configuration": ("ok", f"{LAMBDA_ARN}, 30 seconds", None),
        "request timeout": (
            "ok", "a call has 30 of 30 seconds; between calls aws_lambda.request_timeout_ms is 3000", None,
        ),
        "Lambda function": ("ok", "it answers with its real code", None),
        "Lambda version": ("ok", "version 1.1.0 with protocol 2, s3vl is 1.1.0 with protocol 2", None),
        'index "docs"': ("ok", "5 dimensions, cosine", None),
    }  # fmt: skip
    assert [request["operation"] for request in registered.requests] == [
        "availability_check",
        "describe_index",
    ]


def test_last_validation_is_shown(db: Database, registered: StubLambda) -> None:
    """What configure found, and when, stands with the configuration."""
    registered.answers(AVAILABLE)
    registered.answers(AVAILABLE)
    registered.answers(FACTS)
    db.rows("select s3vl.configure(%(arn)s)", arn=LAMBDA_ARN)

    _, detail, _ = diagnosis(db)["configuration"]

    validated = db.value("select last_validated_at::text from s3vl.config")
    assert detail == f"{LAMBDA_ARN}, 30 seconds, validated {validated}: ok"


def test_last_validation_that_failed_is_a_warning(db: Database, registered: StubLambda) -> None:
    """A configuration that did not work when it was tried is not called ok, and the reason is shown."""
    registered.answers_failure("access_denied")
    registered.answers(AVAILABLE)
    registered.answers(FACTS)
    db.rows("select s3vl.configure(%(arn)s, timeout_seconds => 20)", arn=LAMBDA_ARN)

    status, detail, hint = diagnosis(db)["configuration"]

    assert status == "warn"
    assert detail.endswith(": failed: S3 Vectors denied access: the reason (Lambda request request-1)")
    assert hint == (
        "If it works now, configure it again, with admin access: "
        f"select s3vl.configure('{LAMBDA_ARN}', timeout_seconds => 20);"
    )


def test_age_of_the_remembered_facts_is_shown(db: Database, registered: StubLambda) -> None:
    """Each index says when the registry learned what it is."""
    db.rows("set local timezone = 'UTC'")
    db.rows("update s3vl.index_registry set described_at = '2026-11-01 12:00:00.5+00'")
    registered.answers(AVAILABLE)
    registered.answers(FACTS)

    assert diagnosis(db)['index "docs"'] == (
        "ok", "5 dimensions, cosine, described 2026-11-01 12:00:00+00", None,
    )  # fmt: skip


def test_remembered_facts_that_are_no_longer_so_are_a_warning(db: Database, registered: StubLambda) -> None:
    """An index that was made anew is refused by what was true before: that is told, and how to end it."""
    registered.answers(AVAILABLE)
    registered.answers({"index": FACTS["index"] | {"dimension": 7, "index_mode": "ENHANCED"}})

    assert diagnosis(db)['index "docs"'] == (
        "warn",
        "ENHANCED, 7 dimensions, cosine, but the registry differs",
        (
            "If the index is another one now, register it again, with admin access: "
            f"select s3vl.register_index('docs', '{INDEX_ARN}');"
        ),
    )


def test_without_configuration_it_ends_there(db: Database, stub: StubLambda) -> None:
    """What needs a configuration is not tried without one."""
    found = diagnosis(db)

    assert found["configuration"] == (
        "fail", "s3vl is not configured", "Type: select s3vl.configure('<Lambda ARN>');",
    )  # fmt: skip
    assert list(found)[-1] == "configuration"
    assert stub.calls == []


def test_missing_extension_is_told(db: Database, registered: StubLambda) -> None:
    """Without aws_lambda the first row says what to type, and the later ones still come."""
    db.rows("alter schema aws_lambda rename to something_else")

    found = diagnosis(db)

    assert found["extension aws_lambda"] == (
        "fail",
        "the extension aws_lambda is not installed in this database",
        "Type: create extension aws_lambda cascade;",
    )
    assert found["request timeout"] == (
        "warn", "unknown without the extension aws_lambda", "Install the extension first.",
    )  # fmt: skip
    assert found["Lambda function"][0] == "fail"
    assert found['index "docs"'] == NOT_ASKED
    assert registered.calls == []


@pytest.mark.usefixtures("registered")
def test_missing_privilege_is_told(db: Database) -> None:
    """Where the owner may not use aws_lambda, the row has the grants to type."""
    db.rows("create role owners")
    db.rows("grant create on database " + db.value("select quote_ident(current_database())") + " to owners")
    db.rows("grant owners to current_user")
    db.rows("grant create, usage on schema s3vl to owners")
    db.rows("grant select on all tables in schema s3vl to owners")
    db.rows("grant execute on all functions in schema s3vl to owners")
    db.rows("alter function s3vl.diagnose() owner to owners")

    status, detail, hint = diagnosis(db)["privilege on aws_lambda"]

    assert (status, detail) == ("fail", "role owners, which owns s3vl, may not use aws_lambda")
    assert "grant usage on schema aws_lambda to owners;" in (hint or "")


def test_timeout_that_may_not_be_changed_is_a_warning(db: Database, registered: StubLambda) -> None:
    """A setting that is out of our hands plays the part of aws_lambda's."""
    for function in ("s3vl._set_request_timeout(text)", "s3vl._request_timeout()"):
        text = db.value("select pg_get_functiondef(%(name)s::regprocedure)", name=function)
        db.rows(text.replace("aws_lambda.request_timeout_ms", "deadlock_timeout"))
    registered.answers(AVAILABLE)
    registered.answers(FACTS)

    assert diagnosis(db)["request timeout"] == (
        "warn",
        "a call has 1 of 30 seconds; between calls aws_lambda.request_timeout_ms is 1s",
        "This role may not change it: set it to 30000 in the parameter group.",
    )


def test_placeholder_is_told(db: Database, registered: StubLambda) -> None:
    """A function without its real code fails with the commands that upload it."""
    registered.answers_failure("placeholder_code")

    found = diagnosis(db)

    status, detail, hint = found["Lambda function"]
    assert (status, detail) == (
        "fail",
        "the Lambda function still has its placeholder code (Lambda request request-1)",
    )
    assert "./package.sh" in (hint or "")
    assert "Lambda version" not in found


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (AVAILABLE | {"version": "0.9.0"}, "version 0.9.0 with protocol 2"),
        (AVAILABLE | {"protocol": 3}, "version 1.1.0 with protocol 3"),
        ({}, "version unknown with protocol unknown"),
    ],
)
def test_code_of_another_version_is_a_warning(
    db: Database, registered: StubLambda, answer: dict[str, Any], shown: str
) -> None:
    """A function that does not fit the schema is named with both versions."""
    registered.answers(answer)
    registered.answers(FACTS)

    status, detail, hint = diagnosis(db)["Lambda version"]

    assert (status, detail) == ("warn", f"{shown}, s3vl is 1.1.0 with protocol 2")
    assert "./package.sh" in (hint or "")


@pytest.mark.parametrize(
    ("seconds", "row"),
    [
        (30, ("ok", "the function ends after 30 s, not before timeout_seconds (30 s)", None)),
        (
            10,
            (
                "warn",
                "the function ends after 10 s, before timeout_seconds (30 s)",
                f"Raise LambdaTimeout of the stack, or: select s3vl.configure('{LAMBDA_ARN}', timeout_seconds => 10);",
            ),
        ),
        ("10", None),
    ],
)
def test_function_that_ends_before_timeout_seconds_is_a_warning(
    db: Database, registered: StubLambda, seconds: Any, row: tuple[str, str, str | None] | None
) -> None:
    """Both limits are compared, where the function says its own."""
    registered.answers(AVAILABLE | {"timeout_seconds": seconds})
    registered.answers(FACTS)

    assert diagnosis(db).get("Lambda timeout") == row


def test_a_function_that_may_create_indexes_says_so(db: Database, registered: StubLambda) -> None:
    """Whether the stack manages indexes stands beside what else the function tells."""
    registered.answers(AVAILABLE | {"vector_bucket": "s3vl-vectors"})
    registered.answers({"index": {"dimension": 5, "distance_metric": "cosine"}})

    detail = db.value("select detail from s3vl.diagnose() where check_name = 'Lambda function'")

    assert detail == "it answers with its real code, and may create indexes"


def test_each_index_has_its_row_whatever_happens_to_the_others(db: Database, registered: StubLambda) -> None:
    """A failing index is told, an inactive one is not asked about, and the next is still looked at."""
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn, is_active)"
        " values ('gone', %(arn)s, true), ('off', %(arn)s, false)",
        arn=INDEX_ARN,
    )
    registered.answers(AVAILABLE)
    registered.answers(FACTS)
    registered.answers_failure("not_found")

    found = diagnosis(db)

    assert found['index "docs"'][0] == "ok"
    status, detail, hint = found['index "gone"']
    assert (status, detail) == (
        "fail",
        f"S3 Vectors does not have index {INDEX_ARN}: the reason (Lambda request request-1)",
    )
    assert (hint or "").startswith("See which it has: aws s3vectors")
    assert found['index "off"'] == (
        "warn", 'index "off" is inactive', "Activate it: select s3vl.activate_index('off');",
    )  # fmt: skip
    assert len(registered.calls) == 3


def test_indexes_are_not_asked_through_a_function_that_fails(db: Database, registered: StubLambda) -> None:
    """What fails for every index is told once, after one call; an inactive index is what it is anyway."""
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn, is_active)"
        " values ('more', %(arn)s, true), ('off', %(arn)s, false)",
        arn=INDEX_ARN,
    )
    registered.raises("invoke API failed", "AWS Lambda client returned 'Unable to connect to endpoint'.")

    found = diagnosis(db)

    assert found["Lambda function"][0] == "fail"
    assert found['index "docs"'] == found['index "more"'] == NOT_ASKED
    assert found['index "off"'][:2] == ("warn", 'index "off" is inactive')
    assert len(registered.calls) == 1


def test_timeout_seconds_is_the_limit_of_all_checks(db: Database, registered: StubLambda) -> None:
    """Each call has what the ones before it have left, and what there is no time for is said to be left out."""
    db.rows("update s3vl.config set timeout_seconds = 1")
    db.rows("insert into s3vl.index_registry (index_name, index_arn) values ('more', %(arn)s)", arn=INDEX_ARN)
    registered.answers(AVAILABLE, seconds=0.2)
    registered.answers(FACTS, seconds=1)

    found = diagnosis(db)

    check, index = registered.requests
    # Of a short limit the budget is four fifths, rounded.
    assert check["budget_ms"] - index["budget_ms"] >= 0.2 * 800 - 1
    assert found['index "docs"'][0] == "ok"
    assert found['index "more"'] == (
        "warn",
        "not checked: 1 seconds were over",
        "Allow more time with timeout_seconds of s3vl.configure().",
    )


def test_it_works_in_a_read_only_transaction(db: Database, registered: StubLambda) -> None:
    """Looking changes nothing."""
    registered.answers(AVAILABLE)
    registered.answers(FACTS)
    db.rows("set transaction read only")

    assert {status for status, _, _ in diagnosis(db).values()} == {"ok"}


MISSING = object()
HOSTILE: list[Any] = [
    "x", "", "NaN", {"a": 1}, {}, [], [1, "x"], 0, -1, 0.5, 1e100, 10**400, True, None, "y" * 100_000, MISSING,
]  # fmt: skip
# Where a member of the answer stands; the first answer is that about the function, the second about the index.
MEMBERS = [
    (0, ("success",)),
    (0, ("request_id",)),
    (0, ("execution_time_ms",)),
    (0, ("stats",)),
    (0, ("stats", "api_calls")),
    (0, ("stats", "cold_start")),
    (0, ("result",)),
    *((0, ("result", name)) for name in ("version", "protocol", "operations", "region", "timeout_seconds")),
    (1, ("result",)),
    (1, ("result", "index")),
    *(
        (1, ("result", "index", name))
        for name in (
            "dimension",
            "distance_metric",
            "index_mode",
            "non_filterable_keys",
            "text_keys",
            "created_at",
        )
    ),
]


@pytest.mark.parametrize(("number", "path"), MEMBERS, ids=[f"{n} {'.'.join(path)}" for n, path in MEMBERS])
def test_no_answer_makes_it_fail(
    db: Database, registered: StubLambda, number: int, path: tuple[str, ...]
) -> None:
    """Whatever a member of an answer is, each check has its row of bounded length."""
    calls = 0
    for value in HOSTILE:
        answers: list[dict[str, Any]] = [
            {"success": True, "stats": {}, "result": AVAILABLE | {"timeout_seconds": 30}},
            {
                "success": True,
                "stats": {},
                "result": {"index": {"dimension": 5, "distance_metric": "cosine"}},
            },
        ]
        *parents, member = path
        place = answers[number]
        for parent in parents:
            place = place[parent]
        if value is MISSING:
            place.pop(member, None)
        else:
            place[member] = value
        with db.connection.transaction(force_rollback=True):
            for answer in answers:
                calls += 1
                db.rows(
                    "insert into aws_lambda.played (call, payload, seconds) values (%(call)s, %(payload)s, 0)",
                    call=calls,
                    payload=json.dumps(answer),
                )
            found = diagnosis(db)
            calls = len(registered.calls)

        assert {"Lambda function", 'index "docs"'} <= set(found), value
        assert {status for status, _, _ in found.values()} <= {"ok", "warn", "fail"}
        assert max(len(detail) + len(hint or "") for _, detail, hint in found.values()) < 1000, value


@pytest.mark.parametrize(
    ("memory_mb", "detail"),
    [
        (128, "128 MB: to rank 141 vectors .* takes about 1.4 s, and half of that with LambdaMemorySize 256"),
        (256, "256 MB: to rank 282 vectors .* takes about 1.4 s, and half of that with LambdaMemorySize 512"),
        (
            1769,
            "1769 MB: to rank 1953 vectors of 1,024 dimensions exactly, the default threshold, takes about 1.4 s",
        ),
        (10240, "10240 MB: to rank 1953 vectors .* takes about 1.4 s"),
    ],
)
def test_what_exact_ranking_takes_is_told(
    db: Database, registered: StubLambda, memory_mb: int, detail: str
) -> None:
    """configure() remembers the memory, the default threshold follows it, and diagnose() says what more would do."""
    for _ in range(2):
        registered.answers(AVAILABLE | {"memory_mb": memory_mb})
    registered.answers(FACTS)
    db.rows("select s3vl.configure(%(arn)s)", arn=LAMBDA_ARN)

    status, found, hint = diagnosis(db)["Lambda memory"]

    assert (status, hint) == ("ok", None)
    assert re.fullmatch(detail, found)


def test_memory_that_was_changed_is_a_warning(db: Database, registered: StubLambda) -> None:
    """Until configure() asks again, the threshold is that of the memory before."""
    registered.answers(AVAILABLE | {"memory_mb": 512})
    registered.answers(FACTS)

    status, _, hint = diagnosis(db)["Lambda memory"]

    assert status == "warn"
    assert f"select s3vl.configure('{LAMBDA_ARN}', timeout_seconds => 30);" in hint


@pytest.mark.parametrize(
    ("memory_mb", "dimension", "threshold"),
    [
        (1769, 1024, 1953),
        (3008, 1024, 1953),
        (256, 1024, 282),
        (None, 1024, 282),
        (1769, None, 1302),
        (128, 4096, 100),
        (1769, 1, 20_000),
    ],
)
def test_the_threshold_follows_memory_and_dimension(
    db: Database, memory_mb: int | None, dimension: int | None, threshold: int
) -> None:
    """Two million numbers with a whole processor; with less in proportion, and one call of GetVectors at least."""
    db.rows("insert into s3vl.function_facts (memory_mb) values (%(mb)s)", mb=memory_mb)

    assert db.value("select s3vl._exact_search_threshold(%(d)s::integer)", d=dimension) == threshold


@pytest.mark.parametrize("said", ["256", 0, -1, 1.5, 10**12, None, [256]])
def test_a_memory_that_is_none_is_not_remembered(db: Database, registered: StubLambda, said: Any) -> None:
    """What a function says of itself is no reason to fail."""
    registered.answers(AVAILABLE | {"memory_mb": said})
    db.rows("select s3vl.configure(%(arn)s)", arn=LAMBDA_ARN)

    remembered = db.value("select memory_mb from s3vl.function_facts")
    assert remembered == (256 if said == "256" else None)


def test_a_restriction_without_its_role_is_a_warning(db: Database, registered: StubLambda) -> None:
    """Nobody has that part, whether the role was renamed or another has its name now; one that is well has no row."""
    db.rows("create role a; create role b; create role well")
    db.rows("select s3vl.restrict_index('docs', r) from unnest('{a,b,well}'::name[]) as r")
    db.rows("alter role a rename to z; drop role b; create role b")
    registered.answers(AVAILABLE)
    registered.answers(FACTS)

    rows = db.rows("select * from s3vl.diagnose() where check_name like 'restriction %'")

    hint = (
        "Restrict the index to the role that is meant, or take this back, with admin access:"
        " select s3vl.unrestrict_index('docs', '{}');"
    )
    assert [tuple(row.values()) for row in rows] == [
        (
            'restriction of index "docs" to role "a"', "warn", "there is no role of this name", hint.format("a"),
        ),
        (
            'restriction of index "docs" to role "b"', "warn",
            "the role of this name is another one than that which may use the index", hint.format("b"),
        ),
    ]  # fmt: skip


# What is done to a bound table, and what is then said of it: status, and parts of detail and hint.
BOUND: dict[str, tuple[LiteralString, str, str, str]] = {
    "all is well": ("select 1", "ok", "in step: public.notes", ""),
    "trigger disabled": (
        "alter table notes disable trigger s3vl_notes_update", "fail",
        "trigger s3vl_notes_update of table public.notes is disabled, so that changes are not noted",
        "alter table public.notes enable trigger s3vl_notes_update;",
    ),
    "trigger for replicas only": (
        "alter table notes enable replica trigger s3vl_notes_insert", "fail",
        "trigger s3vl_notes_insert of table public.notes is disabled",
        "alter table public.notes enable trigger s3vl_notes_insert;",
    ),
    "trigger dropped": (
        "drop trigger s3vl_notes_truncate on notes", "fail",
        "trigger s3vl_notes_truncate of table public.notes is missing",
        "select s3vl.alter_binding('notes');",
    ),
    "column renamed": (
        "alter table notes rename body to text", "fail", "column body does not exist", "s3vl.alter_binding('notes', ",
    ),
    "column of another type": (
        "alter table notes alter body type interval using null", "fail", "metadata column body has type interval",
        "Bind other columns",
    ),
    "row security": (
        "alter table notes enable row level security; alter table notes force row level security", "fail",
        "row security hides rows of it from role postgres", "BYPASSRLS",
    ),
    "right revoked": (
        "revoke select on notes from postgres", "fail", "role postgres, which owns s3vl, may not read it",
        "grant select (id, v, body) on public.notes to postgres;",
    ),
    "table dropped": ("drop table notes", "fail", "it does not exist any more", "select s3vl.unbind_table('notes');"),
    "broken": (
        "update s3vl.sync_state set is_broken = true, failures = 1, error = 'what it was', hint = 'What to do.'",
        "fail", "what it was", "What to do.",
    ),
    "backing off": (
        "update s3vl.sync_state set failures = 1, error = 'what it was', hint = 'What to do.'",
        "warn", "what it was", "What to do.",
    ),
    "paused": ("select s3vl.pause_binding('notes')", "warn", "it is paused", "select s3vl.resume_binding('notes');"),
    "never scheduled": (
        "update s3vl.sync_state set seen_at = null", "warn", "s3vl.sync() was never called",
        "select cron.schedule('s3vl sync', '10 seconds', 'call s3vl.sync()');",
    ),
    "no schedule lately": (
        "update s3vl.sync_state set seen_at = clock_timestamp() - interval '11 minutes'", "warn",
        "s3vl.sync() was last called 00:11:00 ago", "select cron.schedule(",
    ),
    "old mark": (
        """insert into s3vl.outbox (binding_id, noted_at, key)
        select binding_id, clock_timestamp() - interval '2 hours', '1' from s3vl.binding""",
        "warn", "the oldest change waits for 02:00:00", "select * from s3vl.sync_backlog('notes');",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BOUND.values(), ids=BOUND)
def test_a_binding_is_looked_at(
    db: Database, registered: StubLambda, case: tuple[LiteralString, ...]
) -> None:
    """Its triggers, columns and rights, when sync was last called, and how old the oldest change is."""
    breaks, status, detail, hint = case
    db.rows("create table notes (id integer primary key, body text, v real[])")
    db.rows("select s3vl.bind_table('notes', 'docs', 'v', metadata_columns => '{body}', backfill => false)")
    db.rows("update s3vl.sync_state set seen_at = clock_timestamp()")
    db.rows(breaks)
    registered.answers(AVAILABLE)
    registered.answers(FACTS)

    found = diagnosis(db)['binding "notes"']

    assert found[0] == status
    assert detail in found[1]
    assert hint in (found[2] or "")


def test_a_transaction_that_keeps_the_outbox_large_is_told(committing: Callable[..., Database]) -> None:
    """One that is idle with a snapshot, and one that is prepared, with how to end each."""
    db, reader, prepared = committing(), committing(), committing()
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn, dimension) values ('docs', %(arn)s, 3)",
        arn=INDEX_ARN,
    )
    db.rows("create table notes (id integer primary key, v real[])")
    look: LiteralString = "select * from s3vl._check_old_transactions()"
    # After an hour; here at once.
    text = db.value("select pg_get_functiondef('s3vl._check_old_transactions'::regproc)")
    db.rows(text.replace("interval '1 hour'", "interval '0'").replace("limit 1", "limit 9"))
    reader.rows("begin isolation level repeatable read")
    reader.rows("select 1")
    assert db.rows(look) == []
    db.rows("select s3vl.bind_table('notes', 'docs', 'v')")

    pid = reader.connection.info.backend_pid
    [detail] = [row["detail"] for row in db.rows(look) if f"pg_terminate_backend({pid});" in row["hint"]]
    assert detail.startswith(f"process {pid} is open since ")
    reader.rows("commit")
    prepared.rows("begin; insert into notes values (1, '{1,2,3}')")
    prepared.rows("prepare transaction 'forgotten'")
    found = db.rows(look)
    prepared.rows("rollback prepared 'forgotten'")
    assert "End it: commit prepared 'forgotten', or rollback prepared 'forgotten'" in [
        row["hint"] for row in found
    ]
    assert f"process {pid} " not in " ".join(row["detail"] for row in found)
