-- Numbers of bindings and jobs. Logical replication brings rows, and leaves the sequence that
-- numbers them where it was: on a promoted subscriber its next numbers are taken.

create or replace function s3vl._unused_number(sequence_name regclass, last_used bigint)
    returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _number bigint;
begin
    -- One by one, as sessions that do so at once get different numbers.
    loop
        _number := nextval(_unused_number.sequence_name);
        exit when (_number <= _unused_number.last_used) is not true;
    end loop;
    return _number;
end;
$$;

comment on function s3vl._unused_number(regclass, bigint) is
    'Returns the next number of a sequence that is higher than any in use.';
