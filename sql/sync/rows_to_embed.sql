-- The feed of an application that makes vectors. It runs as its caller, who sees of the table what
-- they may.

create or replace function s3vl.rows_to_embed(binding_name text, max_results integer default 100)
    returns table (key text, content jsonb, content_hash text)
    stable
    rows 10
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _feed record;
begin
    select q.*
    into _feed
    from s3vl._to_embed_query(rows_to_embed.binding_name, rows_to_embed.max_results) as q;
    return query execute _feed.query using _feed.waiting;
end;
$$;

comment on function s3vl.rows_to_embed(text, integer) is
    'Lists rows that need a vector. These are the rows of the table of a binding without '
    'embedding, or whose embedded_hash_column is not s3vl.content_hash() of their content_columns: '
    'up to max_results (1 to 10000) of them, by key. With when_null => ''keep'' the index has the '
    'vector of a row without embedding: such a row is listed only for its embedded_hash_column, or '
    'while s3vl.sync_backlog() says that it is waiting, because s3vl.sync() has found no vector. '
    'content has the columns by name, and content_hash is what to store beside the vector that is '
    'made from it, so that a change meanwhile is not lost: update <table> set embedding = ..., '
    'embedded_hash = <content_hash> where <key> = ... The caller needs SELECT on the columns of '
    'the table. Raises 22023, 42501, 42703, 42704 for an unknown binding, and 55000 for one '
    'without content_columns. No Lambda call.';
