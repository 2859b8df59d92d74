"""help: what there is, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures_sql import psql

if TYPE_CHECKING:
    from fixtures_sql import Database
    from s3vl_local.postgres import PostgresServer


def test_help_fits_a_terminal_of_80_columns(postgres: PostgresServer, shared_database: str) -> None:
    """No line of it is wider: the first sentence of a comment is short, and calls are cut where they are long."""
    printed = psql(postgres.url(database=shared_database), "-c", "select * from s3vl.help()").stdout

    assert "put_vectors(vectors, ...)" in printed
    assert [line for line in printed.splitlines() if len(line) > 80] == []


def test_a_topic_lists_its_functions(db: Database) -> None:
    """Each has the arguments that it needs, dots for the others, and what its comment begins with."""
    assert db.rows("select * from s3vl.help('search')") == [
        {
            "subject": "search",
            "function": "query_vectors(query_vector, ...)",
            "what_it_does": "Finds the nearest vectors",
        },
        # Its argument would make it too long.
        {
            "subject": "search",
            "function": "query_vectors_batch(...)",
            "what_it_does": "Runs many searches in one call",
        },
        {
            "subject": "search",
            "function": "query_hybrid(query_texts, ...)",
            "what_it_does": "Searches by text (and by vector)",
        },
        {
            "subject": "search",
            "function": "query_filtered(...)",
            "what_it_does": "Searches under any WHERE",
        },
        {
            "subject": "search",
            "function": "last_search()",
            "what_it_does": "Shows how a filtered search went",
        },
        {
            "subject": "search",
            "function": "rank_vectors(query_vector, ...)",
            "what_it_does": "Ranks given ids, exactly",
        },
        {
            "subject": "search",
            "function": "rrf_score(rank, ...)",
            "what_it_does": "Scores a rank for fusion (RRF)",
        },
        {
            "subject": "search",
            "function": "query_hybrid_local(...)",
            "what_it_does": "Fuses vectors with local text",
        },
        {
            "subject": "search",
            "function": "query_tiered(query_vector, ...)",
            "what_it_does": "Searches hot and cold rows",
        },
    ]


def test_all_topics_come_in_their_order(db: Database) -> None:
    """Without a topic every function is listed, what is needed first at the top."""
    rows = db.rows("select subject, function from s3vl.help()")
    topics = db.rows("select topic, cardinality(function_names) as functions from s3vl._topics()")

    assert [row["subject"] for row in rows] == [
        row["topic"] for row in topics for _ in range(row["functions"])
    ]
    assert rows[0]["function"] == "configure(lambda_arn, ...)"


def test_a_topic_is_taken_as_it_is_typed(db: Database) -> None:
    """Capitals and spaces around it do not matter."""
    assert db.rows("select * from s3vl.help(' Search ')") == db.rows("select * from s3vl.help('search')")


def test_a_function_is_told_whole(db: Database) -> None:
    """Its name gives its comment, its arguments with types and defaults, and what it returns."""
    rows = db.rows("select * from s3vl.help('create_index')")
    [comment] = db.rows(
        "select obj_description(oid, 'pg_proc') as said from pg_proc"
        " where pronamespace = 's3vl'::regnamespace and proname = 'create_index'"
    )
    _, *arguments = [(row["function"], row["what_it_does"]) for row in rows]

    assert {row["subject"] for row in rows} == {"indexes"}
    assert rows[0]["function"] == "create_index"
    assert " ".join(rows[0]["what_it_does"].split("\n")) == comment["said"]
    assert arguments == [
        ("  index_name", "text"),
        ("  dimension", "integer"),
        ("  distance_metric", "text default 'cosine'"),
        ("  non_filterable_keys", "text[] default NULL"),
        ("  text_keys", "jsonb default NULL"),
        ("  vector_bucket", "text default NULL"),
        ("  description", "text default NULL"),
        ("  model", "text default NULL"),
        ("returns", "text"),
    ]


def test_every_function_fits_a_terminal_of_80_columns(postgres: PostgresServer, shared_database: str) -> None:
    """Comments and results are wrapped between words, and nothing is wider."""
    url = postgres.url(database=shared_database)
    query = (
        "select format('select * from s3vl.help(%L)', name)"
        " from s3vl._topics(), unnest(function_names) as name \\gexec"
    )
    printed = psql(url, "-P", "pager=off", input=query).stdout

    assert printed.count("subject") > 30
    assert [line for line in printed.splitlines() if len(line) > 80] == []


def test_a_topic_that_is_a_function_too_gives_both(db: Database) -> None:
    """The name sync lists the topic, and then tells about the procedure, which returns nothing that is called so."""
    rows = db.rows("select function from s3vl.help('sync')")
    listed = db.rows(
        "select cardinality(function_names) as functions from s3vl._topics() where topic = 'sync'"
    )

    told = [row["function"] for row in rows[listed[0]["functions"] :]]
    assert told[0] == "sync"
    assert "returns" not in told


def test_an_unknown_topic_is_told_which_there_are(db: Database) -> None:
    """22023 lists the topics; an internal function is none of them."""
    error = db.error("select * from s3vl.help('_topics')")

    assert error.sqlstate == "22023"
    assert error.message_primary == 'help has no topic or function "_topics"'
    topics = ", ".join(row["topic"] for row in db.rows("select topic from s3vl._topics()"))
    assert error.message_hint == (
        f"Pass one of {topics}, the name of a function, or nothing to list all functions."
    )
