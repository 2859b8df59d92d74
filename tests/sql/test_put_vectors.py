"""put_vectors: what is checked, what is sent, and the account of what was written."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_postgres import need_pgvector
from fixtures_sql import ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

EVENT = json.loads((ROOT / "lambda/events/put_vectors.json").read_text())
PUT: LiteralString = "select s3vl.put_vectors(array[{}]::s3vl.vector_record[], 'docs')"
MANY: LiteralString = (
    "select s3vl.put_vectors(array_agg(('v' || i, array[1, 2, 3, 4, i],"
    " jsonb_build_object('text', repeat('x', 39000)))::s3vl.vector_record order by i), 'docs')"
    " from generate_series(1, 300) as i"
)


def put_metadata(metadata: str) -> LiteralString:
    """Return a statement that writes one record with this metadata, given as SQL."""
    return (
        "select s3vl.put_vectors(array[('a', '{1,2,3,4,5}', " + metadata + ")::s3vl.vector_record], 'docs')"
    )


def test_sends_the_event_of_the_protocol(db: Database, registered: StubLambda) -> None:
    """Records become JSON as in lambda/events/, without metadata where there is none."""
    registered.answers({"written": [[1, 2]]})

    count = db.value(
        PUT.format(
            """('vec_051', '{0.1,0.2,0.3,0.4,0.5}',
            '{"category": "test", "price": 19.9, "in_stock": true, "tags": ["new", "red"]}'),
            ('vec_052', '{0.5,0.4,0.3,0.2,0.1}', null)"""
        )
    )

    [request] = registered.requests
    assert count == 2
    assert {**request, "budget_ms": EVENT["budget_ms"]} == EVENT


def test_a_table_is_written_in_one_statement(db: Database, registered: StubLambda) -> None:
    """array_agg of a table's columns is what put_vectors takes: an integer id, double precision, any metadata."""
    registered.answers({"written": [[1, 2]]})
    db.rows(
        "create temporary table docs as select i as id, array[1, 2, 3, 4, i]::float8[] as embedding,"
        " jsonb_build_object('n', i) as meta from generate_series(1, 2) as i"
    )

    count = db.value(
        "select s3vl.put_vectors(array_agg((id, embedding, meta)::s3vl.vector_record order by id),"
        " index_name => 'docs') from docs"
    )

    assert count == 2
    assert registered.requests[0]["vectors"] == [
        {"vector_id": "1", "embedding": "[1,2,3,4,1]", "metadata": {"n": 1}},
        {"vector_id": "2", "embedding": "[1,2,3,4,2]", "metadata": {"n": 2}},
    ]


def test_texts_arrive_as_they_are(db: Database, registered: StubLambda) -> None:
    """Quotes, backslashes, control characters, empty strings and every script survive."""
    registered.answers({"written": [[1, 1]]})
    metadata = {
        "q": "'\"\\\\n\n\t\u0001",
        "empty": "",
        "日本": "🎉",
        "": ["", "ü"],
        "n": [1, -2.5],
        "b": False,
    }

    db.value(
        "select s3vl.put_vectors(array[(%(id)s, '{1,2,3,4,5}', %(meta)s::jsonb)::s3vl.vector_record], 'docs')",
        id='it\'s "ü" \\ 🎉',
        meta=json.dumps(metadata),
    )

    [record] = registered.requests[0]["vectors"]
    assert (record["vector_id"], record["metadata"]) == ('it\'s "ü" \\ 🎉', metadata)


def test_numbers_do_not_depend_on_how_the_session_shows_them(db: Database, registered: StubLambda) -> None:
    """A session with few digits writes the same vector."""
    registered.answers({"written": [[1, 1]]})
    db.rows("set local extra_float_digits = -15")

    db.rows(PUT.format("('a', '{0.1234567,2,3,4,5}', null)"))

    assert registered.requests[0]["vectors"][0]["embedding"] == "[0.1234567,2,3,4,5]"


@pytest.mark.parametrize(
    ("statements", "is_used"),
    [
        (["create extension vector"], True),
        (
            [
                "create schema closed",
                "create extension vector schema closed",
                "revoke usage on schema closed from current_user",
            ],
            False,
        ),
    ],
    ids=["there", "closed"],
)
def test_pgvector_changes_no_digit(
    db: Database, registered: StubLambda, statements: list[LiteralString], is_used: bool
) -> None:
    """Numbers that pgvector writes, where the owner of s3vl may use it, are as PostgreSQL writes them."""
    need_pgvector()
    registered.answers({"written": [[1, 2]]})
    for statement in statements:
        db.rows(statement)

    db.rows(
        PUT.format("('a', '{0.1,-0,1e-45,3.4028235e38,16777217}', null), ('b', '[2:6]={1,2,3,4,1e-5}', null)")
    )

    assert (db.value("select s3vl._pgvector_text()") is not None) == is_used
    assert [record["embedding"] for record in registered.requests[0]["vectors"]] == [
        "[0.1,-0,1e-45,3.4028235e+38,1.6777216e+07]",
        "[1,2,3,4,1e-05]",
    ]


def test_more_numbers_than_pgvector_takes_are_sent(db: Database, registered: StubLambda) -> None:
    """Where nobody knows the dimension of an index, too many numbers are for the function to refuse."""
    need_pgvector()
    registered.answers({"written": [[1, 1]]})
    db.rows("create extension vector")
    db.rows("update s3vl.index_registry set dimension = null")

    db.rows(PUT.format("('a', array_fill(1::real, array[16001]), null)"))

    assert registered.requests[0]["vectors"][0]["embedding"].count(",") == 16_000


V = "'{1,2,3,4,5}'"
BAD_RECORDS = [
    ("null", "vectors[1].vector_id is null"),
    (f"('a', {V}, null), null", "vectors[2].vector_id is null"),
    (f"(null, {V}, null)", "vectors[1].vector_id is null"),
    (f"('', {V}, null)", "vectors[1].vector_id is empty"),
    (f"(repeat('ü', 513), {V}, null)",
        f'vectors[1].vector_id of "{"ü" * 197}..." is 513 characters and 1026 bytes long'),
    (f"('a', {V}, null), ('b', {V}, null), ('a', {V}, null)",
        'vectors[3].vector_id of "a" is also that of vectors[1]'),
    ("('a', null, null)", 'vectors[1].embedding of "a" is null'),
    ("('a', '{}', null)", 'vectors[1].embedding of "a" is empty'),
    ("('a', '{{1,2},{3,4}}', null)",
        'vectors[1].embedding of "a" must be one-dimensional, got [1:2][1:2]'),
    (f"('a', {V}, null), ('b', '{{1,2}}', null)",
        'vectors[2].embedding of "b" has 2 numbers, the index has 5 dimensions'),
    ("('a', '{1,2,null,4,5}', null)", 'vectors[1].embedding of "a" holds a null'),
    ("('a', '{1,2,NaN,4,5}', null)", 'vectors[1].embedding of "a" holds NaN'),
    ("('a', '{1,2,Infinity,4,5}', null)", 'vectors[1].embedding of "a" holds Infinity'),
    ("('a', '{1,2,-Infinity,4,5}', null)", 'vectors[1].embedding of "a" holds -Infinity'),
    ("('a', '{0,0,-0,0,0}', null)",
        'vectors[1].embedding of "a" is zero in every dimension, which has no direction for cosine distance'),
    (f"('a', {V}, 'null')", 'vectors[1].metadata of "a" must be a JSON object, got JSON null'),
    (f"('a', {V}, '[1]')", 'vectors[1].metadata of "a" must be a JSON object, got [1]'),
    (f"""('a', {V}, '{{"k": null}}')""", 'vectors[1].metadata of "a" has key "k", whose value is null'),
    (f"""('a', {V}, '{{"k": {{}}}}')""", 'vectors[1].metadata of "a" has key "k", whose value is an object'),
    (f"""('a', {V}, '{{"k": []}}')""",
        'vectors[1].metadata of "a" has key "k", whose value is an empty array'),
    (f"""('a', {V}, '{{"k": [1, "x"]}}')""",
        'vectors[1].metadata of "a" has key "k", whose value is an array of several types'),
    (f"""('a', {V}, '{{"k": 1.8e308}}')""",
        'vectors[1].metadata of "a" has key "k", whose value is beyond double precision'),
    (f"""('a', {V}, '{{"k": [1, -1e5000]}}')""",
        'vectors[1].metadata of "a" has key "k", whose value is beyond double precision'),
    (f"""('a', {V}, '{{"k": [true]}}')""",
        'vectors[1].metadata of "a" has key "k", whose value is an array of type boolean'),
    (f"""('a', {V}, '{{"k": [["x"]]}}')""",
        'vectors[1].metadata of "a" has key "k", whose value is an array of type array'),
    (f"('a', {V}, (select jsonb_object_agg(i::text, i) from generate_series(1, 51) i))",
        'vectors[1].metadata of "a" has 51 keys, S3 Vectors allows 50'),
]  # fmt: skip


@pytest.mark.parametrize(("records", "message"), BAD_RECORDS, ids=[case[0][:60] for case in BAD_RECORDS])
def test_bad_record_is_refused_by_position_field_and_id(
    db: Database, registered: StubLambda, records: LiteralString, message: str
) -> None:
    """Nothing is sent when one record is wrong, and the error says which and why."""
    error = db.error("select s3vl.put_vectors(array[" + records + "]::s3vl.vector_record[], 'docs')")

    assert (error.sqlstate, error.message_primary) == ("22023", message)
    assert error.message_hint
    assert registered.calls == []


def test_list_of_lists_is_refused(db: Database, registered: StubLambda) -> None:
    """Records come in one row."""
    error = db.error("select s3vl.put_vectors(array[array[('a', '{1}', null)::s3vl.vector_record]], 'docs')")

    assert (error.sqlstate, error.message_primary) == (
        "22023", "vectors must be one-dimensional, got [1:1][1:1]",
    )  # fmt: skip
    assert registered.calls == []


ADVICE = [
    (f"""('a', {V}, '{{"k": null}}')""", "jsonb_strip_nulls(metadata) removes nulls.", False),
    (f"""('a', {V}, '{{"k": []}}')""", "Metadata is an object of up to 50 strings", False),
    (f"('a', {V}, jsonb_build_object('k', repeat('x', 41000)))", "Store less, for example the id", False),
    (f"('a', {V}, jsonb_build_object('small', 1, 'k', repeat('x', 2100)))",
        "Store less, or make the key non-filterable when the index is created. If the index is another", True),
    ("('a', '{1,2}', null)", "A vector has as many numbers as the index has dimensions", True),
    ("('a', '{1,2,NaN,4,5}', null)", "A vector has as many numbers as the index has dimensions", False),
    ("('a', '{0,0,0,0,0}', null)", "A vector has as many numbers as the index has dimensions", True),
]  # fmt: skip


@pytest.mark.parametrize(("record", "hint", "by_facts"), ADVICE, ids=[case[0][:60] for case in ADVICE])
def test_hint_fits_the_problem(
    db: Database, registered: StubLambda, record: LiteralString, hint: str, by_facts: bool
) -> None:
    """It says how to mend this record, and speaks of what is known of the index where that has decided."""
    db.rows("update s3vl.index_registry set non_filterable_keys = '{}'")

    error = db.error(PUT.format(record))

    assert (error.message_hint or "").startswith(hint)
    assert ("register it again" in (error.message_hint or "")) is by_facts
    assert ("GetIndex" in (error.message_detail or "")) is by_facts
    assert registered.calls == []


def test_a_read_only_transaction_writes_vectors(db: Database, registered: StubLambda) -> None:
    """They are outside of the database, as the function's comment says; so a reader instance writes them too."""
    registered.answers({"written": [[1, 1]]})
    db.rows("set transaction read only")

    assert db.value(PUT.format(f"('a', {V}, null)")) == 1


@pytest.mark.parametrize(
    ("limit", "non_filterable", "what", "largest"),
    [(40_960, ["t"], "bytes", ""), (2_048, [], "filterable bytes", ': the largest key is "t"')],
)
@pytest.mark.parametrize("letter", ["x", "ü"])
def test_metadata_is_measured_as_the_service_does(
    db: Database,
    registered: StubLambda,
    limit: int,
    non_filterable: list[str],
    what: str,
    largest: str,
    letter: str,
) -> None:
    """Compact JSON in UTF-8, and five bytes: exactly the limit is sent, one byte more is refused."""
    db.rows("update s3vl.index_registry set non_filterable_keys = %(keys)s", keys=non_filterable)
    metadata: dict[str, Any] = {"tags": ["a, b", "c: d"], "n": [1, 2, 3], "t": ""}
    size = len(json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))) + 5
    width = len(letter.encode())
    metadata["t"] = letter * ((limit - size) // width) + "y" * ((limit - size) % width)
    statement: LiteralString = (
        "select s3vl.put_vectors(array[('a', '{1,2,3,4,5}', %(meta)s::jsonb)::s3vl.vector_record], 'docs')"
    )
    registered.answers({"written": [[1, 1]]})

    assert db.value(statement, meta=json.dumps(metadata)) == 1
    error = db.error(statement, meta=json.dumps(metadata | {"t": metadata["t"] + "y"}))

    shown = f"{limit:,}"
    assert error.message_primary == (
        f'vectors[1].metadata of "a" counts as {limit + 1} {what}, S3 Vectors allows {shown}{largest}'
    )


def test_what_the_registry_does_not_know_is_left_to_the_service(db: Database, registered: StubLambda) -> None:
    """Without facts about the index, dimension, direction and filterable bytes are not checked here."""
    db.rows("update s3vl.index_registry set dimension = null, distance_metric = null")
    registered.answers({"written": [[1, 1]]})

    assert (
        db.value(put_metadata("jsonb_build_object('t', repeat('x', 3000))").replace("1,2,3,4,5", "0,0")) == 1
    )


def test_much_is_sent_in_several_requests_in_order(db: Database, registered: StubLambda) -> None:
    """A request stays under 6 MiB; positions are those of the array, and the sum is returned."""
    db.rows("update s3vl.index_registry set non_filterable_keys = '{text}'")
    for last in (158, 142):
        registered.answers({"written": [[1, last]]})

    count = db.value(MANY)

    ids = [[vector["vector_id"] for vector in request["vectors"]] for request in registered.requests]
    assert [len(part) for part in ids] == [158, 142]
    assert list(chain.from_iterable(ids)) == [f"v{number}" for number in range(1, 301)]
    assert all(len(json.dumps(request)) < 6 * 1024 * 1024 for request in registered.requests)
    assert count == 300


@pytest.mark.parametrize(
    ("number", "parts"), [("-1.04598065e-36", [94, 94, 94, 94, 24]), ("0.1", [377, 23]), ("1", [400])]
)
def test_a_request_takes_what_fits_however_short_the_numbers(
    db: Database, registered: StubLambda, number: LiteralString, parts: list[int]
) -> None:
    """What counts is how long the vectors are as text: the next one would not have fitted."""
    db.rows("update s3vl.index_registry set dimension = null")
    for part in parts:
        registered.answers({"written": [[1, part]]})

    count = db.value(
        "select s3vl.put_vectors(array_agg((i::text, array_fill(" + number + "::real, '{4096}'), null)"
        "::s3vl.vector_record order by i), 'docs') from generate_series(1, 400) as i"
    )

    assert count == 400
    assert [len(request["vectors"]) for request in registered.requests] == parts
    sizes = [len(json.dumps(request)) for request in registered.requests]
    assert all(6_100_000 < size < 6 * 1024 * 1024 for size in sizes[:-1])


@pytest.mark.parametrize("bounds", ["[0:2]", "[-5:-3]", "[7:9]"])
def test_an_array_may_begin_at_any_number(
    db: Database, registered: StubLambda, bounds: LiteralString
) -> None:
    """All of it is written, and positions in errors count from 1, as those of the answer do."""
    registered.answers({"written": [[1, 3]]})
    vectors = bounds + """={"(a,\\"{1,2,3,4,5}\\",)","(b,\\"{1,2,3,4,5}\\",)","(c,\\"{1,2,3,4,5}\\",)"}"""
    put = "select s3vl.put_vectors(%(vectors)s::s3vl.vector_record[], 'docs')"

    assert db.value(put, vectors=vectors) == 3
    error = db.error(put, vectors=vectors.replace("c", "b"))

    assert [vector["vector_id"] for vector in registered.requests[0]["vectors"]] == ["a", "b", "c"]
    assert error.message_primary == 'vectors[3].vector_id of "b" is also that of vectors[2]'


def test_what_fits_into_no_request_is_left_to_lambda(db: Database, registered: StubLambda) -> None:
    """Numbers of thousands of digits count little where it counts, and are megabytes here; it goes alone."""
    db.rows("update s3vl.index_registry set non_filterable_keys = '{n}'")
    registered.answers({"written": [[1, 1]]})
    registered.answers({"written": [[1, 1]]})

    count = db.value(
        "select s3vl.put_vectors(array[('a', '{1,2,3,4,5}', jsonb_build_object('n', ("
        "select jsonb_agg((11 || '.' || repeat('1', 16000))::numeric)"
        " from generate_series(1, 500)))), ('b', '{1,2,3,4,5}', null)]::s3vl.vector_record[], 'docs')"
    )

    assert count == 2
    assert [len(request["vectors"]) for request in registered.requests] == [1, 1]


def test_many_small_records_are_sent_in_several_requests(db: Database, registered: StubLambda) -> None:
    """In the memory of the function a record takes much more than its few bytes, so records are counted too."""
    registered.answers({"written": [[1, 20_000]]})
    registered.answers({"written": [[1, 1]]})

    count = db.value(
        "select s3vl.put_vectors(array_agg((i::text, '{1,2,3,4,5}', null)::s3vl.vector_record), 'docs')"
        " from generate_series(1, 20001) as i"
    )

    assert count == 20_001
    assert [len(request["vectors"]) for request in registered.requests] == [20_000, 1]


def test_failure_half_way_says_what_was_written(db: Database, registered: StubLambda) -> None:
    """Ranges of several requests, of parts and of the failure itself are put together, by array position."""
    registered.answers({"written": [[1, 50]]}, continuation={"from": 51})
    registered.answers({"written": [[51, 158]]})
    registered.answers_failure("throttled", attempts=5, written=[[1, 50], [61, 61]])

    error = db.error(MANY)

    assert error.sqlstate == "S3V01"
    assert error.message_detail == (
        "attempts: 5; Lambda request request-1; the request began at position 159; written: 1-208,219"
    )
    assert error.message_hint == (
        "Try again later, with fewer sessions at once. The first 208 are written: go on with position 209, "
        "in the same order. To pass all of them again does no harm."
    )


def test_failure_of_the_call_half_way_says_what_was_written(db: Database, registered: StubLambda) -> None:
    """What was written before Lambda could not be reached is told too."""
    registered.answers({"written": [[1, 158]]})
    registered.raises("invoke API failed", "AWS Lambda client returned 'Unable to connect to endpoint'.")

    error = db.error(MANY)

    assert error.sqlstate == "S3V05"
    assert (error.message_detail or "").endswith("; the request began at position 159; written: 1-158")
    assert "The first 158 are written: go on with position 159" in (error.message_hint or "")


def test_failure_with_a_gap_at_the_start_says_to_pass_all_again(db: Database, registered: StubLambda) -> None:
    """Parts are written at the same time: where the first is not among them, there is no position to go on with."""
    registered.answers_failure("throttled", attempts=5, written=[[51, 100]])

    error = db.error(MANY)

    assert (error.message_detail or "").endswith("; written: 51-100")
    assert error.message_hint == (
        "Try again later, with fewer sessions at once. To pass all of them again does no harm."
    )


def test_time_that_runs_out_half_way_says_where_to_go_on(db: Database, registered: StubLambda) -> None:
    """When timeout_seconds have passed after some of it, nothing more is sent, and HINT says how to go on."""
    db.rows("update s3vl.config set timeout_seconds = 1")
    registered.answers({"written": [[1, 158]]}, seconds=1.1)

    error = db.error(MANY)

    assert (error.sqlstate, error.message_primary) == (
        "S3V05",
        "the time ran out before the call was complete",
    )
    assert error.message_detail == "the request began at position 159; written: 1-158"
    assert error.message_hint == (
        "Do less at a time, or give more time with timeout_seconds of s3vl.configure(). "
        "The first 158 are written: go on with position 159, in the same order. "
        "To pass all of them again does no harm."
    )


def test_failure_before_anything_was_written_says_nothing_of_it(db: Database, registered: StubLambda) -> None:
    """There is no list of positions when there is none."""
    registered.answers_failure("access_denied")

    assert db.error(MANY).message_detail == "Lambda request request-1"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({}, "a success that is not complete"),
        ({"written": []}, "a success that is not complete"),
        ({"written": [[1, 1]]}, "a success that is not complete"),
        ({"written": [[1, 3]]}, "positions that were not in the request"),
        ({"written": [[0, 2]]}, "positions that were not in the request"),
        ({"written": [[1, None]]}, "positions that were not in the request"),
        ({"written": [[2, 1]]}, "positions that cannot be read"),
        ({"written": [["a", "b"]]}, "positions that cannot be read"),
        ({"written": "all"}, "positions that cannot be read"),
    ],
)
def test_account_that_does_not_add_up_is_an_error(
    db: Database, registered: StubLambda, result: dict[str, Any], said: str
) -> None:
    """A success is believed only when it says that every record was written."""
    registered.answers(result)

    error = db.error(PUT.format("('a', '{1,2,3,4,5}', null), ('b', '{1,2,3,4,5}', null)"))

    assert error.sqlstate == "S3V04"
    assert said in (error.message_primary or "")


def test_requests_share_one_limit(db: Database, registered: StubLambda) -> None:
    """timeout_seconds is for the whole call, however many requests it takes."""
    registered.answers({"written": [[1, 158]]}, seconds=0.6)
    registered.answers({"written": [[1, 142]]})

    db.rows(MANY)

    first, second = [call["payload"]["budget_ms"] for call in registered.calls]
    assert first - second >= 600


def test_writing_works_in_a_read_only_transaction(db: Database, registered: StubLambda) -> None:
    """Nothing is written in the database: a reader instance, too, may send its rows."""
    registered.answers({"written": [[1, 1]]})
    db.rows("set transaction read only")

    assert db.value(PUT.format("('a', '{1,2,3,4,5}', null)")) == 1
