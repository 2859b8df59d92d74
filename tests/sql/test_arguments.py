"""What is refused before a call is paid for: SQLSTATE, message with the value, hint."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import pytest

from fixtures_sql import INDEX_ARN

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

V: LiteralString = "array[1, 2, 3, 4, 5]"
# A filter of 102 levels: the innermost stands in 101 arrays, each in an object.
NESTED: LiteralString = "(repeat('{\"$and\": [', 101) || '{\"n\": 1}' || repeat(']}', 101))::jsonb"
LAMBDA: LiteralString = "arn:aws:lambda:us-west-2:123456789012:function:f"

# SELECT list, message, beginning of the hint; all are 22023
CASES: list[tuple[LiteralString, str, str]] = [
    ("query_vectors(null, 'docs')", "query_vector is null", "Pass for example query_vector"),
    ("query_vectors('{}', 'docs')", "query_vector is empty", "Pass for example query_vector"),
    ("query_vectors(array[[1, 2], [3, 4]], 'docs')",
        "query_vector must be one-dimensional, got [1:2][1:2]", "Pass one vector"),
    ("query_vectors(array[1, null, 3, 4, 5], 'docs')", "query_vector[2] is null", "Every number"),
    ("query_vectors('{1, 2, NaN, 4, 5}', 'docs')", "query_vector[3] is NaN", "Every number"),
    ("query_vectors('{1, 2, 3, 4, inf}', 'docs')", "query_vector[5] is Infinity", "Every number"),
    ("query_vectors('{-inf, 2, 3, 4, 5}', 'docs')", "query_vector[1] is -Infinity", "Every number"),
    ("query_vectors(array[1e39, 2, 3, 4, 5], 'docs')", "query_vector[1] is 1e+39", "Every number"),
    ("query_vectors(array[3.4028235677973366e38, 2, 3, 4, 5], 'docs')",
        "query_vector[1] is 3.4028235677973366e+38", "Every number"),
    ("query_vectors(array[1, 2, 3], 'docs')",
        'query_vector has 3 numbers, index "docs" has 5 dimensions', "Pass a vector from the model"),
    ("query_vectors(array[0, 0, 0, 0, 0], 'docs')",
        "query_vector is zero in every dimension", "Cosine distance compares directions"),
    ("query_vectors(array[0, 1e-46, 0, 0, 0], 'docs')",
        "query_vector is zero in every dimension", "Cosine distance compares directions"),
    (f"query_vectors({V}, 'docs', top_k => 0)", "top_k must be between 1 and 10000, got 0", "Pass a number"),
    (f"query_vectors({V}, 'docs', top_k => -1)", "top_k must be between 1 and 10000, got -1", "Pass a number"),
    (f"query_vectors({V}, 'docs', top_k => 10001)",
        "top_k must be between 1 and 10000, got 10001", "Pass a number"),
    (f"query_vectors({V}, 'docs', top_k => null)",
        "top_k must be between 1 and 10000, got null", "Pass a number"),
    (f"query_vectors({V}, 'docs', return_metadata => null)",
        "return_metadata must be true or false, got null", "Leave return_metadata out"),
    (f"query_vectors({V}, 'docs', metadata_filter => '[1]')",
        "metadata_filter must be a JSON object, got [1]", "Pass for example metadata_filter"),
    (f"query_vectors({V}, 'docs', metadata_filter => 'null')",
        "metadata_filter must be a JSON object, got JSON null", "Pass for example metadata_filter"),
    (f"query_vectors({V}, 'docs', metadata_filter => {NESTED})",
        "metadata_filter is nested more than 100 levels deep", "Put the conditions side by side"),
    (f"""query_vectors({V}, 'docs', metadata_filter => '{{"n": {{"$in": [1, -1e309]}}}}')""",
        "metadata_filter holds a number beyond double precision", "Compare with numbers up to 1.79e308"),
    (f"""query_vectors({V}, 'docs', metadata_filter => '{{"n": 1e5000}}')""",
        "metadata_filter holds a number beyond double precision", "Compare with numbers up to 1.79e308"),
    (f"query_vectors({V}, 'docs', query_mode => 'classic')",
        'query_mode must be CLASSIC or ENHANCED, got "classic"', "Leave query_mode out"),
    (f"query_vectors({V})", "neither index_name nor index_arn is given", "Pass one of them"),
    (f"query_vectors({V}, 'docs', 'arn')",
        'index_name "docs" and index_arn "arn" are both given', "Pass one of them"),
    ("get_vectors(null, 'docs')", "vector_ids is null", "Pass vector_ids =>"),
    ("get_vectors(array[array['a'], array['b']], 'docs')",
        "vector_ids must be one-dimensional, got [1:2][1:1]", "Pass vector_ids =>"),
    ("get_vectors(array['a', null], 'docs')", "vector_ids[2] is null", "An id is a text"),
    ("get_vectors(array['a', ''], 'docs')", "vector_ids[2] is empty", "An id is a text"),
    ("get_vectors(array[repeat('x', 1025)], 'docs')",
        "vector_ids[1] is 1025 characters and 1025 bytes long", "An id is a text"),
    ("get_vectors(array['a', repeat('ü', 513)], 'docs')",
        "vector_ids[2] is 513 characters and 1026 bytes long", "An id is a text"),
    ("get_vectors(array['a'], 'docs', include_vector_data => null)",
        "include_vector_data must be true or false, got null", "Leave include_vector_data out"),
    ("get_vectors(array['a'], 'docs', include_metadata => null)",
        "include_metadata must be true or false, got null", "Leave include_metadata out"),
    ("get_vectors(array['a'])", "neither index_name nor index_arn is given", "Pass one of them"),
    ("list_vectors()", "neither index_name nor index_arn is given", "Pass one of them"),
    ("list_vectors('docs')", 'index_arn "docs" is not an ARN', "Pass a name as index_name => 'docs'."),
    ("list_vectors('arn', 'docs')",
        'index_name "docs" and index_arn "arn" are both given', "Pass one of them"),
    ("list_vectors(index_name => 'docs', max_results => 0)",
        "max_results must be between 1 and 1000, got 0", "Pass a number"),
    ("list_vectors(index_name => 'docs', max_results => 1001)",
        "max_results must be between 1 and 1000, got 1001", "Pass a number"),
    ("list_vectors(index_name => 'docs', max_results => null)",
        "max_results must be between 1 and 1000, got null", "Pass a number"),
    ("list_vectors(index_name => 'docs', next_token => '')", "next_token is empty", "Pass response_next_token"),
    ("list_vectors(index_name => 'docs', return_data => null)",
        "return_data must be true or false, got null", "Leave return_data out"),
    ("list_vectors(index_name => 'docs', return_metadata => null)",
        "return_metadata must be true or false, got null", "Leave return_metadata out"),
    ("list_vectors(index_name => 'docs', segment_count => 4)",
        "segment_index must be between 0 and 3, got null", "Pass a number"),
    ("list_vectors(index_name => 'docs', segment_index => 0)",
        "segment_count must be between 1 and 16, got null", "Pass a number"),
    ("list_vectors(index_name => 'docs', segment_count => 17, segment_index => 0)",
        "segment_count must be between 1 and 16, got 17", "Pass a number"),
    ("list_vectors(index_name => 'docs', segment_count => 4, segment_index => 4)",
        "segment_index must be between 0 and 3, got 4", "Pass a number"),
    ("list_vectors(index_name => 'docs', segment_count => 4, segment_index => -1)",
        "segment_index must be between 0 and 3, got -1", "Pass a number"),
    ("register_index(null, 'arn')",
        "index_name must be 1 to 128 characters, got null", "Pass a plain name"),
    ("register_index('', 'arn')",
        'index_name must be 1 to 128 characters, got ""', "Pass a plain name"),
    ("register_index(repeat('x', 129), 'arn')",
        f'index_name must be 1 to 128 characters, got "{"x" * 129}"', "Pass a plain name"),
    (r"register_index(E'a\tb', 'arn')",
        'index_name must be without U+0009, got "a?b"', "Pass a plain name"),
    ("configure(null)",
        "lambda_arn null is malformed: it does not have six parts separated by colons",
        "It looks like arn:aws:lambda:"),
    ("configure('s3vl-vector-query')",
        'lambda_arn "s3vl-vector-query" is malformed: it does not have six parts separated by colons',
        "It looks like arn:aws:lambda:"),
    (f"configure('{LAMBDA}', 'us-east-1')",
        'aws_region "us-east-1" contradicts lambda_arn, whose region is "us-west-2"', "Leave aws_region out"),
    (f"configure('{LAMBDA}', timeout_seconds => 0)",
        "timeout_seconds must be between 1 and 900, got 0", "Pass a number"),
    (f"configure('{LAMBDA}', timeout_seconds => 901)",
        "timeout_seconds must be between 1 and 900, got 901", "Pass a number"),
    (f"configure('{LAMBDA}', timeout_seconds => null)",
        "timeout_seconds must be between 1 and 900, got null", "Pass a number"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message", "hint"), CASES, ids=[case[0] for case in CASES])
def test_bad_argument_is_refused_with_its_value(
    db: Database, registered: StubLambda, call: LiteralString, message: str, hint: str
) -> None:
    """An argument that cannot be is 22023, says which value of which argument, and costs no call."""
    error = db.error("select * from s3vl." + call)

    assert (error.sqlstate, error.message_primary) == ("22023", message)
    assert (error.message_hint or "").startswith(hint)
    assert registered.calls == []
    # The statements on the way, which psql shows, are few, and show nothing of our source at length.
    lines = (error.context or "").splitlines()
    assert 1 <= len(lines) <= 8, error.context
    assert max(len(line) for line in lines) <= 150, error.context


WRONG_PARTS = [
    ("arx:aws:SERVICE:us-west-2:123456789012:RESOURCE", 'its first part is "arx"'),
    ("arn:azure:SERVICE:us-west-2:123456789012:RESOURCE", 'its partition is "azure"'),
    ("arn:aws:s3:us-west-2:123456789012:RESOURCE", 'its service is "s3"'),
    ("arn:aws:SERVICE::123456789012:RESOURCE", 'its region is ""'),
    ("arn:aws:SERVICE:us-west:123456789012:RESOURCE", 'its region is "us-west"'),
    ("arn:aws:SERVICE:us-west-2:12345:RESOURCE", 'its account is "12345"'),
    ("arn:aws:SERVICE:us-west-2:123456789012:thing", 'its resource is "thing"'),
]


@pytest.mark.parametrize(("arn", "wrong"), WRONG_PARTS)
@pytest.mark.parametrize(
    ("call", "argument", "service", "resource"),
    [
        ("configure(%(arn)s)", "lambda_arn", "lambda", "function:f"),
        ("register_index('x', %(arn)s)", "index_arn", "s3vectors", "bucket/b-1/index/i-1"),
        ("query_vectors(array[1], index_arn => %(arn)s)", "index_arn", "s3vectors", "bucket/b-1/index/i-1"),
        ("get_vectors(array['a'], index_arn => %(arn)s)", "index_arn", "s3vectors", "bucket/b-1/index/i-1"),
        ("list_vectors(%(arn)s)", "index_arn", "s3vectors", "bucket/b-1/index/i-1"),
    ],
    ids=["configure", "register_index", "query_vectors", "get_vectors", "list_vectors"],
)
def test_malformed_arn_is_refused_with_the_part_that_is_wrong(
    db: Database, call: LiteralString, argument: str, service: str, resource: str, arn: str, wrong: str
) -> None:
    """An ARN is read part by part, so that the message can say which one is wrong."""
    arn = arn.replace("SERVICE", service).replace("RESOURCE", resource)

    error = db.error("select * from s3vl." + call, arn=arn)

    assert error.sqlstate == "22023"
    assert error.message_primary == f'{argument} "{arn}" is malformed: {wrong}'
    assert (error.message_hint or "").startswith(f"It looks like arn:aws:{service}:<region>")


@pytest.mark.parametrize(
    "resource",
    [
        "bucket/b-1",
        "bucket/b-1/index/",
        "bucket/B-1/index/i-1",
        "bucket/b-1/index/i_1",
        "bucket/b-1/index/i-1/",
    ],
)
def test_what_is_no_index_is_no_index_arn(db: Database, resource: str) -> None:
    """A bucket, and names that S3 Vectors does not have, are not taken for an index."""
    arn = f"arn:aws:s3vectors:us-west-2:123456789012:{resource}"

    error = db.error("select s3vl.register_index('x', %(arn)s)", arn=arn)

    assert error.message_primary == f'index_arn "{arn}" is malformed: its resource is "{resource}"'


@pytest.mark.parametrize(
    ("resource", "wrong"),
    [
        ("bucket/x/index/items", 'bucket name "x" must have 3 to 63 characters'),
        ("bucket/vectors/index/it", 'index name "it" must have 3 to 63 characters'),
        (f"bucket/vectors/index/{'x' * 64}", f'index name "{"x" * 64}" must have 3 to 63 characters'),
    ],
)
def test_name_in_an_index_arn_that_is_too_short_or_too_long_is_named(
    db: Database, resource: str, wrong: str
) -> None:
    """An ARN that looks like one is not said to look otherwise."""
    arn = f"arn:aws:s3vectors:us-west-2:123456789012:{resource}"

    error = db.error("select s3vl.register_index('x', %(arn)s)", arn=arn)

    assert error.message_primary == f'index_arn "{arn}" is malformed: its {wrong}'
    assert "It looks like" not in (error.message_hint or "It looks like")


@pytest.mark.parametrize(
    ("partition", "region"),
    [
        ("aws", "us-west-2"),
        ("aws", "ap-southeast-7"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-eusc", "eusc-de-east-1"),
        ("aws-iso-b", "us-isob-east-1"),
    ],
)
def test_every_partition_is_accepted_and_the_region_comes_from_the_arn(
    db: Database, stub: StubLambda, partition: str, region: str
) -> None:
    """Partitions and regions are not listed anywhere: the ARN says them."""
    stub.answers({})
    stub.answers_failure("service_failure")
    db.value(
        "select s3vl.configure(%(arn)s)", arn=f"arn:{partition}:lambda:{region}:123456789012:function:f:live"
    )
    db.value(
        "select s3vl.register_index('x', %(arn)s)",
        arn=INDEX_ARN.replace(":aws:", f":{partition}:").replace("us-west-2", region),
    )

    assert db.value("select aws_region from s3vl.get_config()") == region
    assert db.value("select region from s3vl.get_index_info('x')") == region
