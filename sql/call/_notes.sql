-- Notes of a session: what its last call has cost, and how its last search went. They must outlive
-- a ROLLBACK, since drivers end with one what only reads; and be kept in read-only transactions. A
-- prepared statement does both, and nothing else in PostgreSQL does: a setting is rolled back. It
-- is never executed: the note is its text. DISCARD ALL and DEALLOCATE ALL end it.

create or replace function s3vl._noted(note text)
    returns jsonb
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _document jsonb;
begin
    select
        convert_from(
            decode(substring(p.statement from '''([0-9a-f]*)''$'), 'hex'), 'UTF8'
        )::jsonb
    into _document
    from pg_prepared_statements as p
    where p.name = 's3vl.' || _noted.note;
    return case when jsonb_typeof(_document) = 'object' then _document end;
exception
    -- Whoever has the session may prepare anything under this name.
    when data_exception or program_limit_exceeded then
        return null;
end;
$$;

comment on function s3vl._noted(text) is
    'Returns a note of this session, or null.';

create or replace function s3vl._forget_note(note text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
        select from pg_prepared_statements as p where p.name = 's3vl.' || _forget_note.note
    ) then
        execute format('deallocate %I', 's3vl.' || _forget_note.note);
    end if;
end;
$$;

comment on function s3vl._forget_note(text) is
    'Takes a note away.';

create or replace function s3vl._note(note text, document json)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform s3vl._forget_note(_note.note);
    execute format(
        'prepare %I as select ''%s''',
        's3vl.' || _note.note,
        encode(convert_to(_note.document::text, 'UTF8'), 'hex')
    );
exception
    -- In REFRESH MATERIALIZED VIEW and its like PostgreSQL lets nothing be prepared: no note then.
    when insufficient_privilege then
        null;
end;
$$;

comment on function s3vl._note(text, json) is
    'Keeps a note until the next one of this name, or the end of the session.';
