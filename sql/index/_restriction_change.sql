-- When the restrictions changed, for transactions that see the database as it was before.

create or replace function s3vl._is_committed(change xid8)
    returns boolean
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(pg_xact_status(_is_committed.change) = 'committed', true);
exception
    -- It is still to come: the dump of another cluster was restored.
    when invalid_parameter_value then
        return false;
end;
$$;

comment on function s3vl._is_committed(xid8) is
    'Tells whether a transaction has committed, be it long ago.';

create or replace function s3vl._note_restriction_change()
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _last constant xid8 := (
        select c.last_value::text::xid8 from s3vl.restriction_change as c
    );
begin
    if s3vl._is_committed(_last) then
        perform setval('s3vl.restriction_change_before', _last::text::bigint);
    end if;
    perform setval('s3vl.restriction_change', pg_current_xact_id()::text::bigint);
end;
$$;

comment on function s3vl._note_restriction_change() is
    'Lets others know that what they have seen of restrictions is old when this transaction '
    'commits.';

create or replace function s3vl._check_restrictions_are_seen()
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _now constant pg_snapshot := pg_current_snapshot();
    _change xid8;
begin
    foreach _change in array array[
        (select c.last_value::text::xid8 from s3vl.restriction_change as c),
        (select c.last_value::text::xid8 from s3vl.restriction_change_before as c)
    ] loop
        if not pg_visible_in_snapshot(_change, _now) and s3vl._is_committed(_change) then
            raise exception using
                errcode = '40001',
                message = 'restrictions of indexes have changed since this transaction looked at '
                    'the database',
                hint = 'Roll back, and start the transaction again.';
        end if;
    end loop;
end;
$$;

comment on function s3vl._check_restrictions_are_seen() is
    'Refuses a snapshot that is older than the last change of restrictions.';
