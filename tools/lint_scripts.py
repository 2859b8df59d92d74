"""Look in the scripts that people run for names that another role could take over: pgspot, for `make lint`."""

from __future__ import annotations

import re
import subprocess
import sys

import build_sql  # type: ignore[import-not-found]

# What pgspot cannot read, or passes over, in words that it understands; lines keep their numbers.
_READABLE = (
    # psql ends a statement with it. (Other commands of psql are comments to pgspot.)
    (re.compile(r"^\\gset.*", re.MULTILINE), ";"),
    # It takes the expression for a whole statement.
    (re.compile(r"\breturn next "), "perform "),
    # Its parser knows the type of a cursor by this name alone.
    (re.compile(r"\bpg_catalog\.refcursor\b"), "refcursor"),
    # It takes the expression for a whole statement.
    (re.compile(r"\bopen \w+ for execute (\S+) using "), r"perform \1, "),
    (re.compile(r"\bopen \w+ for execute ([\w.]+);"), r"perform \1;"),
    # It does not look into the query.
    (re.compile(r"\breturn query\b"), ""),
    # Its parser does not know that a variable of a table's type has fields.
    (re.compile(r"^( +)_\w+\.\w+ := ", re.MULTILINE), r"\1perform "),
)
# What commits cannot have one: it names everything in full, and sets the search_path after each commit.
# Nor can what runs a query of its caller, who has one, or what PostgreSQL is to look through.
_WITHOUT_SEARCH_PATH = (
    "s3vl.sync(IN binding_name text,IN max_seconds integer,INOUT synced bigint)",
    "s3vl._commit_alone(IN procedure_name text)",
    "s3vl.move_to_cold(IN binding_name text,IN older_than text,IN batch integer,INOUT moved bigint)",
    (
        "s3vl.query_hybrid_local(query_vector double precision[],query tsquery,source regclass,text_column name,"
        "key_column name,index_name text,index_arn text,top_k integer,vector_weight double precision,fusion text,"
        "candidates text,parameters jsonb,expected_model text,vector_id text,rank integer,score double precision,"
        "distance double precision,text_rank double precision)"
    ),
    (
        "s3vl.query_tiered(query_vector double precision[],source regclass,embedding_column name,index_name text,"
        "top_k integer,candidates text,parameters jsonb,expected_model text,vector_id text,tier text,"
        "distance double precision,similarity_score double precision)"
    ),
    "s3vl.rrf_score(rank bigint,weight double precision,k integer)",
    "s3vl._candidate_type(query text,parameters jsonb)",
    "s3vl._estimated_candidates(query text,parameters jsonb)",
    "s3vl._candidate_keys(query text,parameters jsonb,key_array text,maximum integer)",
    "s3vl._passing(query text,parameters jsonb,key_array text,vector_ids text[])",
    (
        "s3vl.query_filtered(query_vector double precision[],candidates text,index_name text,index_arn text,"
        "top_k integer,parameters jsonb,metadata_filter jsonb,return_metadata boolean,filter_strategy text,"
        "num_candidates integer,exact_search_threshold integer,expected_model text,vector_id text,"
        "distance double precision,similarity_score double precision,metadata jsonb)"
    ),
    (
        "s3vl.query_vectors(query_vector double precision[],index_name text,index_arn text,top_k integer,"
        "return_metadata boolean,metadata_filter jsonb,query_mode text,expected_model text,vector_id text,"
        "distance double precision,similarity_score double precision,metadata jsonb)"
    ),
    (
        "s3vl.query_vectors_batch(query_vectors double precision[],index_name text,index_arn text,top_k integer,"
        "return_metadata boolean,metadata_filter jsonb,query_mode text,expected_model text,query_number integer,"
        "vector_id text,distance double precision,similarity_score double precision,metadata jsonb)"
    ),
    (
        "s3vl.query_hybrid(query_texts jsonb,query_vector double precision[],index_name text,index_arn text,"
        "top_k integer,return_metadata boolean,metadata_filter jsonb,expected_model text,vector_id text,"
        "rank integer,fused_score double precision,bm25_scores jsonb,distance double precision,metadata jsonb)"
    ),
    (
        "s3vl.get_vectors(vector_ids text[],index_name text,index_arn text,include_vector_data boolean,"
        "include_metadata boolean,vector_id text,embedding double precision[],metadata jsonb,found boolean)"
    ),
    (
        "s3vl.list_vectors(index_arn text,index_name text,max_results integer,next_token text,return_data boolean,"
        "return_metadata boolean,segment_count integer,segment_index integer,vector_id text,"
        "vector_data double precision[],metadata jsonb,response_next_token text,total_count integer)"
    ),
    "s3vl.put_vectors(vectors s3vl.vector_record[],index_name text,index_arn text)",
    "s3vl.delete_vectors(vector_ids text[],index_name text,index_arn text)",
)
_UPDATE = re.compile(r"upgrade-|s3vl--.*--")


def problems(name: str, script: str) -> str:
    """Return what pgspot says about a script; empty when it finds nothing."""
    # An update replaces the functions of a schema that is there; that it is ours was checked before.
    ignored = ["--ignore=PS002"] if _UPDATE.match(name) else []
    for pattern, words in _READABLE:
        script = pattern.sub(words, script)
    accepted = [f"--proc-without-search-path={function}" for function in _WITHOUT_SEARCH_PATH]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pgspot", *accepted, *ignored],
        input=script,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        encoding="utf-8",
    )
    return done.stdout if done.returncode else ""


def main() -> int:
    """Check all that `make build` writes; the exit status says whether all is well."""
    scripts = build_sql.scripts(build_sql.SQL)
    said = {name: problems(name, script) for name, script in scripts.items()}
    for name, text in said.items():
        if text:
            print(f"build/sql/{name} (write it with make build):\n{text}", file=sys.stderr)
    if any(said.values()):
        return 1
    print(f"pgspot: nothing found in {len(said)} scripts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
