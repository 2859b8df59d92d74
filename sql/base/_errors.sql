-- What errors have in common. Every error of s3vl is a small document: SQLSTATE, message with the
-- value, detail, and a hint that says what to type next. SQLSTATEs: 22023 bad argument, 42501 not
-- allowed, 42704 unknown index, 42710 there already, 55000 something is to be set up first, 55006
-- in use, and S3V01 to S3V06 for what AWS said (call/_call_failures.sql, _answered_failures.sql).
--
-- psql shows each statement on the way to an error as CONTEXT, with all of its text; `raise` and
-- assignments have none. So errors are raised where they are found, and statements that may fail
-- are kept short.

create or replace function s3vl._shown(value text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when char_length(left(_shown.value, 201)) <= 200 then _shown.value
        else left(_shown.value, 197) || '...'
    end
$$;

comment on function s3vl._shown(text) is
    'Returns a text of the caller as messages show it: at most 200 characters.';

create or replace function s3vl._some_names(names text[])
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select string_agg(format('"%s"', n.name), ', ' order by n.place)
        || case when cardinality(_some_names.names) > 5 then ' and more' else '' end
    from unnest(_some_names.names[:5]) with ordinality as n (name, place)
$$;

comment on function s3vl._some_names(text[]) is
    'Returns the first five names as hints show them, and whether there are more; null for none.';

create or replace function s3vl._json_bytes(document jsonb)
    returns integer
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- To nothing an object or an array is added as it is, but no longer compressed as in a table.
    select case jsonb_typeof(_json_bytes.document)
        when 'object' then pg_column_size(_json_bytes.document || '{}')
        when 'array' then pg_column_size(_json_bytes.document || '[]')
        else octet_length(_json_bytes.document #>> '{}')
    end
$$;

comment on function s3vl._json_bytes(jsonb) is
    'Returns the size of a document without a walk through it.';

create or replace function s3vl._shown_json(document jsonb)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when _shown_json.document is null then 'null'
        -- Which one of the two nulls it is, since the other one may be allowed.
        when _shown_json.document = 'null' then 'JSON null'
        -- To write all of it down would take long.
        when s3vl._json_bytes(_shown_json.document) > 10000
            then 'a JSON ' || jsonb_typeof(_shown_json.document)
        else s3vl._shown(_shown_json.document::text)
    end
$$;

comment on function s3vl._shown_json(jsonb) is
    'Returns a document of the caller as messages show it: at most 200 characters.';

create or replace function s3vl._warn(message text, detail text, hint text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise warning using message = _warn.message, detail = _warn.detail, hint = _warn.hint;
end;
$$;

comment on function s3vl._warn(text, text, text) is
    'Warns about something that the caller has to know but that does not stop the call.';

create or replace function s3vl._fill_in(template text, lambda_arn text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select replace(
        replace(
            replace(_fill_in.template, '{version}', s3vl.version()),
            '{arn}',
            _fill_in.lambda_arn
        ),
        '{function}',
        split_part(_fill_in.lambda_arn, ':', 7)
    )
$$;

comment on function s3vl._fill_in(text, text) is
    'Puts in what a text leaves open: {arn} and {function} of the Lambda function, {version} of '
    's3vl.';

create or replace function s3vl._with_detail(message text, detail text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select _with_detail.message
        || coalesce(' (' || nullif(rtrim(_with_detail.detail, '.'), '') || ')', '')
$$;

comment on function s3vl._with_detail(text, text) is
    'Puts an error into one line, where it is told and not raised.';

-- Some callers go on without the remote side (registering, validating): this is what they may
-- catch. Everything else, above all a cancelled query, goes its way.
create or replace function s3vl._is_call_failure(errcode text)
    returns boolean
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select _is_call_failure.errcode in ('22023', '42501', '55000')
        or _is_call_failure.errcode like 'S3V%'
$$;

comment on function s3vl._is_call_failure(text) is
    'Tells whether s3vl._ask raises this SQLSTATE for what happened outside of the database.';
