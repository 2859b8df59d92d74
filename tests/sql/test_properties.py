"""Properties: no text of a caller becomes SQL, and no answer of a Lambda function becomes a wrong row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures_sql import INDEX_ARN
from s3vl_lambda.protocol import records

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

# The session is shared by all examples; each is rolled back.
settings.register_profile(
    "s3vl",
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
pytestmark = pytest.mark.one_server
EXAMPLES = settings.get_profile("s3vl")

PLAY: LiteralString = (
    "update aws_lambda.played set payload = case call when 1 then %(payload)s::text else payload end"
)
AGAIN: LiteralString = "select setval('pg_temp.aws_lambda_calls', 1, false)"
EMPTY = {
    "distance_metric": "cosine",
    "vectors": [],
    "missing": 0,
    "index": {},
    "written": [[1, 1]],
    "deleted": [[1, 1]],
}

SQL_PIECES = [
    "'", '"', "\\", ";", "--", "/*", "$$", "%", "%s", "%I", "{arn}", "{index}", "E'\\x27'", "\n", "'; select 1; --",
    "'); drop schema s3vl cascade; --", "$1", "' or true --", "\\'", "ü", "'||(select current_user)||'",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(SQL_PIECES) | st.text(max_size=5), max_size=6).map("".join)

# Every text parameter of every public function.
TEXT_PARAMETERS: list[LiteralString] = [
    "configure(%(text)s)",
    "configure('arn:aws:lambda:us-west-2:123456789012:function:f', %(text)s)",
    "register_index(%(text)s, %(arn)s)",
    "register_index('x', %(text)s)",
    "register_index('x', %(arn)s, %(text)s)",
    "resolve_index_arn(%(text)s)",
    "activate_index(%(text)s)",
    "deactivate_index(%(text)s)",
    "unregister_index(%(text)s)",
    "get_index_info(%(text)s)",
    "describe_index(%(text)s)",
    "query_vectors(array[1, 2, 3, 4, 5], %(text)s)",
    "query_vectors(array[1, 2, 3, 4, 5], index_arn => %(text)s)",
    "query_vectors(array[1, 2, 3, 4, 5], 'docs', query_mode => %(text)s)",
    "query_vectors(array[1, 2, 3, 4, 5], 'docs', metadata_filter => jsonb_build_object(%(text)s::text, 1))",
    "query_vectors(array[1, 2, 3, 4, 5], 'docs', metadata_filter => jsonb_build_object('k', %(text)s::text))",
    "query_vectors_batch(array[array[1, 2, 3, 4, 5]], %(text)s)",
    "query_vectors_batch(array[array[1, 2, 3, 4, 5]], 'docs', query_mode => %(text)s)",
    "query_hybrid(jsonb_build_object('k', %(text)s::text), index_name => 'docs')",
    "query_hybrid(jsonb_build_object(%(text)s::text, 'red'), index_name => 'docs')",
    'query_hybrid(\'{"k": "red"}\', index_name => %(text)s)',
    "rank_vectors(array[1, 2, 3, 4, 5], array[%(text)s], 'docs')",
    "rank_vectors(array[1, 2, 3, 4, 5], array['a'], %(text)s)",
    "rank_vectors(array[1, 2, 3, 4, 5], array['a'], index_arn => %(text)s)",
    "query_filtered(array[1, 2, 3, 4, 5], 'select 1', %(text)s)",
    "query_filtered(array[1, 2, 3, 4, 5], 'select 1', index_arn => %(text)s)",
    "query_filtered(array[1, 2, 3, 4, 5], 'select 1', 'docs', filter_strategy => %(text)s)",
    "query_filtered(array[1, 2, 3, 4, 5], 'select 1', 'docs', expected_model => %(text)s)",
    "query_filtered(array[1, 2, 3, 4, 5], 'select $1 #>> ''{}''', 'docs', parameters => to_jsonb(%(text)s::text))",
    "get_vectors(array[%(text)s], 'docs')",
    "get_vectors(array['a'], %(text)s)",
    "get_vectors(array['a'], index_arn => %(text)s)",
    "list_vectors(%(text)s)",
    "list_vectors(index_name => %(text)s)",
    "list_vectors(index_name => 'docs', next_token => %(text)s)",
    "put_vectors(array[(%(text)s, '{1,2,3,4,5}', null)]::s3vl.vector_record[], 'docs')",
    "put_vectors(array[('a', '{1,2,3,4,5}', jsonb_build_object(%(text)s::text, 1))::s3vl.vector_record], 'docs')",
    "put_vectors(array[('a', '{1,2,3,4,5}', null)]::s3vl.vector_record[], %(text)s)",
    "delete_vectors(array[%(text)s], 'docs')",
    "delete_vectors(array['a'], %(text)s)",
    "grant_access(%(text)s, 'reader')",
    "grant_access('rds_superuser', %(text)s)",
    "revoke_access(%(text)s)",
]

EXPECTED_ERRORS = {"22023", "42501", "42704", "55000"}


def fingerprint(db: Database) -> list[dict[str, Any]]:
    """Return what a statement that got through would have changed."""
    return db.rows(
        """
        select
            (select md5(string_agg(p.prosrc || p.oid, '' order by p.oid)) from pg_proc as p) as functions,
            (select count(*) from pg_class) as relations,
            (select count(*) from pg_roles) as roles,
            (select r::text from s3vl.index_registry as r where r.index_name = 'docs') as registered
        """
    )


def outcome(
    db: Database, statement: LiteralString, kept: list[dict[str, Any]] | None = None, **parameters: Any
) -> list[dict[str, Any]] | str:
    """Run a statement and take it back; return its rows, or the SQLSTATE of its error.

    The fingerprint `kept` has to be the same after the statement, before it is taken back.
    """
    db.notices.clear()
    db.rows(AGAIN)
    try:
        with db.connection.transaction(force_rollback=True):
            rows = db.rows(statement, **parameters)
            assert kept is None or fingerprint(db) == kept
            return rows
    except psycopg.Error as error:
        return error.sqlstate or str(error)


@pytest.fixture
def playing(registered: StubLambda) -> StubLambda:
    """Answer five calls, each with what every operation can read."""
    for _ in range(5):
        registered.answers(EMPTY)
    return registered


@pytest.fixture
def before(db: Database, playing: StubLambda) -> list[dict[str, Any]]:
    """Give the fingerprint before the first example."""
    del playing
    return fingerprint(db)


@pytest.mark.parametrize("call", TEXT_PARAMETERS)
@given(text=TEXTS)
@settings(EXAMPLES)
def test_no_text_becomes_sql(
    db: Database, playing: StubLambda, before: list[dict[str, Any]], call: LiteralString, text: str
) -> None:
    """A text is refused, or arrives in the request letter by letter; in the database nothing else changes."""
    text = text.replace("\0", "")

    result = outcome(db, "select * from s3vl." + call, before, text=text, arn=INDEX_ARN + "2")

    assert isinstance(result, list) or result in EXPECTED_ERRORS
    names_itself = ("register_index", "grant_access", "revoke_access", "configure")
    if isinstance(result, list) and playing.requests and not call.startswith(names_itself):
        assert json.dumps(text) in json.dumps(playing.requests[0])


# As an SQL literal may have them: with zeros at the end, with exponents, at the edges of notations.
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.sampled_from(
    ["1.50", "100.0", "1e300", "1e15", "1e16", "1.5e16", "123456789012345.5", "1234567890123456.5",
     "12345678901234567.5", "999999999999999.95", "9999999999999999.5", "-1e-4", "0.00001", "-0.0", "1e-400", "2e-324",
     "3e-324", "0.1234567890123456789", "1.7976931348623157e308", "-1234567890123456.5", "1e22", "1e23"]
)  # fmt: skip


@given(numbers=st.lists(NUMBERS, min_size=1, max_size=5), text=st.text(max_size=5))
@settings(EXAMPLES, max_examples=200)
def test_metadata_counts_the_same_here_and_in_the_function(
    db: Database, numbers: list[str], text: str
) -> None:
    """What SQL refuses or lets pass for its size is what the function would, to the byte."""
    text = json.dumps(text.replace("\0", ""))
    metadata = f'{{"n": {numbers[0]}, {text}: [{", ".join(numbers)}], "t": {text}}}'

    [row] = db.rows(
        "select s3vl._metadata_bytes(m) as counted, m::text as sent from (select %(m)s::jsonb) as m (m)",
        m=metadata,
    )

    assert row["counted"] == records._checked_metadata(json.loads(row["sent"]), "metadata")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(-1e6, 1e6, width=32)
    | st.sampled_from([10**400, "NaN", "0.5", "Infinity", "\0", "cosine", "a", "b"]) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "vectors", "x"]), inner),
    max_leaves=6,
)  # fmt: skip
VECTOR = {
    "query_number": 1, "vector_id": "a", "distance": 0.5, "fused_score": 0.03, "bm25_scores": {"k": 1.5},
    "embedding": [1, 2.5], "metadata": {"n": 1},
}  # fmt: skip
ANSWER = {
    "success": True,
    "result": {"distance_metric": "cosine", "vectors": [VECTOR, VECTOR | {"vector_id": "b"}]},
    "execution_time_ms": 3,
    "request_id": "r",
    "stats": {"api_calls": 1, "attempts": 1, "cold_start": False},
}
PATHS: list[tuple[Any, ...]] = [
    *((name,) for name in [*ANSWER, "continuation", "error"]),
    *(("stats", name) for name in ("api_calls", "cold_start")),
    ("result", "distance_metric"), ("result", "vectors"), ("result", "vectors", 0), ("result", "vectors", 1),
    *(("result", "vectors", 1, name) for name in VECTOR),
    ("result", "vectors", 1, "bm25_scores", "k"), ("result", "vectors", 1, "embedding", 1),
]  # fmt: skip


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a copy of a JSON value with something else at a path, or with nothing there."""
    copy = json.loads(json.dumps(value))
    place = copy
    for step in path[:-1]:
        place = place[step]
    if new is NOTHING:
        place.pop(path[-1]) if isinstance(place, list) else place.pop(path[-1], None)
    else:
        place[path[-1]] = new
    return copy


NOTHING = object()

# Each reading function: columns, and the members of the answer that they show
READS: dict[LiteralString, dict[str, str]] = {
    "query_vectors(array[1, 2, 3, 4, 5], 'docs')": {
        "vector_id": "vector_id", "distance": "distance", "metadata": "metadata",
    },
    "query_vectors_batch(array[array[1, 2, 3, 4, 5]], 'docs')": {
        "query_number": "query_number", "vector_id": "vector_id", "distance": "distance", "metadata": "metadata",
    },
    """query_hybrid('{"k": "x"}', index_name => 'docs')""": {
        "vector_id": "vector_id", "distance": "distance", "fused_score": "fused_score",
        "bm25_scores": "bm25_scores", "metadata": "metadata",
    },
    "list_vectors(index_name => 'docs', return_data => true)": {
        "vector_id": "vector_id", "vector_data": "embedding", "metadata": "metadata",
    },
    "get_vectors(array['a', 'b'], 'docs')": {
        "vector_id": "vector_id", "embedding": "embedding", "metadata": "metadata",
    },
}  # fmt: skip


@pytest.mark.parametrize("call", READS, ids=[call.split("(")[0] for call in READS])
@given(path=st.sampled_from(PATHS), new=JSON | st.just(NOTHING))
@settings(EXAMPLES, max_examples=100)
def test_no_answer_becomes_a_wrong_row(
    db: Database, playing: StubLambda, call: LiteralString, path: tuple[Any, ...], new: Any
) -> None:
    """Whatever a Lambda function answers: rows that say just that, or an error of s3vl."""
    del playing
    answer = changed(ANSWER, path, new)
    db.rows(PLAY, payload=json.dumps(answer))

    result = outcome(db, "select * from s3vl." + call)

    if isinstance(result, str):
        assert result == "S3V04"
        assert answer != ANSWER
        return
    found = [row for row in result if row.get("found", True)]
    vectors = answer["result"]["vectors"]
    if call.startswith("get_vectors"):
        vectors = [vector for vector in vectors if vector["vector_id"] in ("a", "b")]
    assert [tuple(row[column] for column in READS[call]) for row in found] == [
        tuple(vector.get(member) for member in READS[call].values()) for vector in vectors
    ]


@pytest.mark.parametrize(
    "call", [*READS, "describe_index('docs')", "delete_vectors(array['a'], 'docs')", "validate_config()"]
)
@given(answer=JSON)
@settings(EXAMPLES)
def test_no_answer_crashes(db: Database, playing: StubLambda, call: LiteralString, answer: Any) -> None:
    """JSON of any form is S3V04, and validate_config tells it."""
    del playing
    db.rows(PLAY, payload=json.dumps(answer))

    result = outcome(db, "select * from s3vl." + call)

    if isinstance(result, list):
        [row] = result
        result = "S3V04" if "the Lambda function answered" in row["error_message"] else "told wrongly"
    assert result == "S3V04"
